#pragma once
// The rules of the gate as one table: what a row of its outcome can say, and what that does to the
// exit code. Text, SARIF, help and docs/gate.md print it.

#include <cstdint>
#include <span>
#include <string_view>

namespace assay::gate {

enum class Rule : std::uint8_t {
  new_finding,
  expired_finding,
  known_finding,
  absent_finding,
  resolved_finding,
  refuted_violation,
  infrastructure,
  canary_missed,
  canary_caught,
  vacuous,
  slow_recovery,
  unavailable,
  slower,
  unknown_runs,
  not_compared,
};

struct RuleInfo {
  Rule rule;
  std::string_view name;
  int exit_code;  ///< unless the policy says otherwise; 0: only said
  std::string_view summary;
};
std::span<const RuleInfo> rules();
const RuleInfo& info_of(Rule rule);
std::string_view name_of(Rule rule);

}  // namespace assay::gate
