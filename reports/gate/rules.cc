#include "reports/gate/rules.h"

#include <array>

namespace assay::gate {

std::span<const RuleInfo> rules() {
  using enum Rule;
  static constexpr std::array table{
      RuleInfo{new_finding, "new-finding", 1,
               "a violation, confirmed by the verifier, that the baseline does not list"},
      RuleInfo{expired_finding, "expired-finding", 3,
               "a violation that the baseline excuses until a day that is over"},
      RuleInfo{known_finding, "known-finding", 0,
               "a violation that the baseline excuses, with its reason"},
      RuleInfo{absent_finding, "absent-finding", 0,
               "a listed finding that these runs do not show, but too few ran to call it gone"},
      RuleInfo{resolved_finding, "resolved-finding", 0,
               "a listed finding that stayed away for long enough to be called gone"},
      RuleInfo{refuted_violation, "refuted-violation", 70,
               "a violation whose certificate the verifier refuses: a bug in assay"},
      RuleInfo{infrastructure, "infrastructure", 69,
               "runs that ended without a verdict, or that were planned and never ran"},
      RuleInfo{canary_missed, "canary-missed", 3,
               "an experiment that must show a violation did not: the test is blind"},
      RuleInfo{canary_caught, "canary-caught", 0, "an experiment that must show a violation did"},
      RuleInfo{vacuous, "vacuous", 3, "runs that tested less than the policy demands"},
      RuleInfo{slow_recovery, "slow-recovery", 3,
               "after the faults were over, answers took longer to come back than allowed"},
      RuleInfo{unavailable, "unavailable", 3, "too few answers while no fault was in force"},
      RuleInfo{slower, "slower", 3,
               "slower than the baseline by more than allowed, beyond what chance explains"},
      RuleInfo{unknown_runs, "unknown-runs", 2, "too many runs whose check came to no end"},
      RuleInfo{not_compared, "not-compared", 2,
               "too few runs, here or in the baseline, to compare the performance"},
  };
  return table;
}

const RuleInfo& info_of(Rule rule) { return rules()[static_cast<std::size_t>(rule)]; }

std::string_view name_of(Rule rule) { return info_of(rule).name; }

}  // namespace assay::gate
