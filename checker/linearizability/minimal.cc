#include "checker/linearizability/minimal.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "checker/certificate/witness_verifier.h"

namespace assay {
namespace {

/// The verifier keeps the key's operations and scans them again for every operation of the witness.
constexpr std::size_t largest_key = 250'000;
/// It refutes no larger ones but by rules, and those are made minimal by the algorithms.
constexpr std::size_t largest_witness = 64;

void forget(Anomaly& anomaly, std::uint64_t event) {
  std::erase(anomaly.witness, event);
  std::erase_if(anomaly.timing, [&](const EssentialTiming& timing) {
    return timing.before == event || timing.after == event;
  });
  const bool told = std::any_of(anomaly.steps.begin(), anomaly.steps.end(), [&](const Step& step) {
    return step.before == event || step.after == event;
  });
  if (told) anomaly.steps.clear();
}

}  // namespace

ExplainedAnomaly explain_minimal(ObjectChecker& checker, const History& history,
                                 std::string_view datatype, KeyId key, const KeyOutcome& outcome,
                                 const SearchLimits& limits) {
  ExplainedAnomaly explained = checker.explain(key, outcome, limits);
  // A register's algorithm applies the verifier's rules itself.
  if (datatype == "register" || !explained.anomaly.minimal) return explained;
  explained.anomaly.minimal = false;
  auto& operations = explained.witness.operations;
  const bool feasible = history.operations_on(key).size() <= largest_key &&
                        operations.size() <= largest_witness &&
                        make_specification(datatype, history.info()) != nullptr;
  if (!feasible) return explained;
  WitnessVerifier verifier(history, datatype, key);
  verifier.remember();
  if (!verifier.refute(explained.witness)) return explained;
  for (std::size_t i = operations.size(); i-- > 0;) {
    if (limits.time_is_up()) return explained;
    Witness less = explained.witness;
    less.operations.erase(less.operations.begin() + static_cast<std::ptrdiff_t>(i));
    if (!verifier.refute(less)) continue;
    forget(explained.anomaly, operations[i]);
    explained.witness = std::move(less);
    i = operations.size();  // what was needed with it may not be without it
  }
  explained.anomaly.minimal = true;
  return explained;
}

}  // namespace assay
