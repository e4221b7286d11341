#pragma once
// What a check found. pass needs a complete check, violation needs a witness; everything else is
// unknown and says why.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/certificate/certificate.h"
#include "history/value.h"

namespace assay {

/// Ordered so that merging verdicts is std::max: unknown never hides a violation.
enum class Verdict : std::uint8_t { pass, unknown, violation };
std::string_view name_of(Verdict verdict);
std::optional<Verdict> verdict_named(std::string_view name);
/// 0 pass, 1 violation, 2 unknown.
int exit_code(Verdict verdict);

/// One "must come before, because" of an explanation: `before` precedes `after` in every order.
struct Step {
  std::uint64_t before;  ///< event index of an invocation
  std::uint64_t after;
  std::string rule;  ///< real-time, reads-from, cas, initial, …: a stable word
  /// One sentence for a person. "the former" and "the latter" in it are `before` and `after`:
  /// reports may put their names there.
  std::string because;
};

/// One operation of a witness returned before another began, and the violation rests on that: had
/// they overlapped, some order would be legal.
struct EssentialTiming {
  std::uint64_t before;  ///< event index of an invocation
  std::uint64_t after;
};

struct Anomaly {
  std::string type;                     ///< nonlinearizable, stale-read, …
  std::string model;                    ///< the weakest model it refutes here
  std::optional<Value> key;             ///< of which object, if keyed
  std::vector<std::uint64_t> witness;   ///< event indices of the invocations, ascending
  std::string explanation;              ///< the claim in one or two sentences
  std::vector<Step> steps;              ///< the contradiction as a cycle of steps; may be empty
  bool minimal = false;                 ///< no operation can be left out of the witness
  std::vector<EssentialTiming> timing;  ///< all that matters of the witness's timing; may be empty
};

struct CheckStatistics {
  std::string algorithm;  ///< "zones", "frontier", or both joined by +
  int threads = 1;
  double elapsed_s = 0;
  std::uint64_t keys_checked = 0;
  std::uint64_t configurations = 0;  ///< visited by the frontier search
};

/// What was found about one model. A model that was not asked for may be here too, when the lattice
/// (lattice.h) gives its verdict for free.
struct ModelVerdict {
  std::string model;
  Verdict verdict = Verdict::unknown;
  std::string unknown_because{};  ///< non-empty exactly if verdict is unknown
  /// The model whose verdict this one follows from, by the lattice; empty if it was checked itself.
  std::string implied_by{};
  /// violation: of CheckResult::anomalies, one that shows it, if it is among those kept.
  std::optional<std::size_t> anomaly{};
  Certificate certificate{};  ///< several models: of each strongest and each weakest violated one
};

struct CheckResult {
  Verdict verdict = Verdict::unknown;  ///< the worst of the models asked for
  std::string model;                   ///< the model that the verdict is about
  std::vector<ModelVerdict> models;
  std::vector<std::string> strongest;         ///< of `models`: hold, and no other one implies them
  std::vector<std::string> weakest_violated;  ///< … violated, and imply no other violated one
  std::string datatype;
  std::vector<Anomaly> anomalies;
  std::string unknown_because;  ///< non-empty exactly if verdict is unknown
  Certificate certificate;      ///< empty if unknown
  CheckStatistics statistics;
};

}  // namespace assay
