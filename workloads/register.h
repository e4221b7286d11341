#pragma once

#include <span>

#include "workloads/workload.h"

namespace assay {

/// Reads, writes and compare-and-set over many registers; checked for linearizability.
/// Errors: configuration (an option's value).
Result<Workload> make_register_workload(const WorkloadSettings& settings);
std::span<const WorkloadOption> register_workload_options();

}  // namespace assay
