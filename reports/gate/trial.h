#pragma once
// Trial: the runs before the gate, sorted into what they are there for.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reports/gate/decision.h"

namespace assay::gate {

/// Keeps pointers into the question, which must outlive it.
class Trial {
 public:
  explicit Trial(const Question& question);

  std::vector<const Run*> all;
  std::vector<const Run*> tests;  ///< all but the canaries'

  static bool has_verdict(const Run& run);
  const Planned* planned(const Run& run) const;  ///< null if it was not
  std::uint64_t runs_of(const std::string& experiment) const;
  /// Test runs of a system with a pass or a violation.
  std::uint64_t decided(const System& system) const;
  /// The experiment, else the system and its faults.
  std::string subject(const Run& run) const;
  /// With the rule's exit code, the run's subject, folder and command, and where it stands.
  Row row(Rule rule, const Run& run) const;
  /// Test runs with a verdict by subject.
  std::map<std::string, std::vector<const Run*>> groups() const;

 private:
  const Question& question_;
};

struct Count {
  std::uint64_t runs = 0;  ///< test runs of its system with a pass or a violation
  std::uint64_t seen = 0;  ///< of them show it
};
Count count_of(const KnownFinding& known, const Trial& trial);

}  // namespace assay::gate
