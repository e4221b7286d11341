#pragma once
// Baseline: what is known and excused, and how fast it was. A file that is reviewed like code
// (assay.baseline/1).

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace assay::gate {

/// What a run was about: the runs of one system are compared with each other.
struct System {
  std::string target;
  std::string configuration;
  std::string workload;
  auto operator<=>(const System&) const = default;
};
std::string words_of(const System& system);

struct KnownFinding {
  std::string fingerprint;  ///< of a finding, or of its family
  std::string type;
  std::string model;
  System system;
  std::string issue;        ///< a link
  std::string reason;       ///< why it is excused
  std::string since;        ///< day, YYYY-MM-DD
  std::string expires;      ///< from the day after on it fails
  std::uint64_t runs = 0;   ///< that were judged up to the last one that showed it
  std::uint64_t seen = 0;   ///< of them showed it
  std::uint64_t clean = 0;  ///< runs since
};

/// The values of some runs, one each, by measure.
struct Performance {
  std::string runner;   ///< class of machine: others are not compared
  std::string subject;  ///< the experiment, or the system and its faults
  std::map<std::string, std::vector<double>> values;
};

struct Baseline {
  std::vector<KnownFinding> findings;
  std::vector<Performance> performance;

  /// Null if it is not listed.
  const KnownFinding* known(const std::string& fingerprint, const std::string& family) const;
  const Performance* performance_of(const std::string& runner, const std::string& subject) const;
};

std::string to_json(const Baseline& baseline);
/// Error (bad_data): what is missing or wrong. An entry needs a reason and a day of expiry: without
/// them it is no excuse.
Result<Baseline> baseline_from_json(const std::string& text);

}  // namespace assay::gate
