// The table of workloads.

#include <array>

#include "workloads/register.h"
#include "workloads/workload.h"

namespace assay {

std::span<const WorkloadEntry> workloads() {
  static const std::array<WorkloadEntry, 1> table{{
      {"register", "read, write and compare-and-set over many registers; linearizable",
       register_workload_options(), make_register_workload},
  }};
  return table;
}

}  // namespace assay
