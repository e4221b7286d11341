#pragma once
// The rows of the table of workloads, one function each; what it asks and why stands in its file.

#include "workloads/workload.h"

namespace assay {

WorkloadEntry atomic_commit_workload();
WorkloadEntry bank_workload();
WorkloadEntry causal_chain_workload();
WorkloadEntry counter_workload();
WorkloadEntry fenced_lock_workload();
WorkloadEntry fencing_workload();
WorkloadEntry leader_election_workload();
WorkloadEntry lease_workload();
WorkloadEntry list_append_workload();
WorkloadEntry lock_workload();
WorkloadEntry log_workload();
WorkloadEntry long_fork_workload();
WorkloadEntry predicates_workload();
WorkloadEntry queue_workload();
WorkloadEntry register_workload();
WorkloadEntry replication_lag_workload();
WorkloadEntry rw_register_workload();
WorkloadEntry set_workload();
WorkloadEntry unique_names_workload();
WorkloadEntry watch_workload();

}  // namespace assay
