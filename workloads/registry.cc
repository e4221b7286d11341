// The table of workloads.

#include "workloads/registry.h"

#include <algorithm>
#include <array>
#include <string>

namespace assay {

std::span<const WorkloadEntry> workloads() {
  static const std::array table{
      register_workload(),      set_workload(),          counter_workload(),
      queue_workload(),         lock_workload(),         fenced_lock_workload(),
      lease_workload(),         fencing_workload(),      leader_election_workload(),
      watch_workload(),         log_workload(),          unique_names_workload(),
      list_append_workload(),   rw_register_workload(),  bank_workload(),
      long_fork_workload(),     causal_chain_workload(), replication_lag_workload(),
      atomic_commit_workload(), predicates_workload(),
  };
  return table;
}

Status check_functions(const WorkloadEntry& workload, std::string_view who,
                       const std::function<bool(std::string_view)>& performs) {
  std::string missing;
  std::string_view rest = workload.functions;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    const std::string_view function = rest.substr(0, end);
    if (!performs(function)) missing += (missing.empty() ? "" : ", ") + std::string(function);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (missing.empty()) return {};
  return Error{ErrorKind::usage, "workload " + std::string(workload.name) + " asks for " + missing +
                                     ", which " + std::string(who) + " cannot do"};
}

}  // namespace assay
