#include "workloads/options.h"

#include <algorithm>
#include <utility>

namespace assay {

Result<GeneratorPtr> over_keys(const WorkloadSettings& settings,
                               std::function<GeneratorPtr(KeyNumber)> make) {
  auto per_key = number_option<int>(settings, "threads-per-key", 0, 10'000);
  if (!per_key.ok()) return per_key.error();
  auto operations = number_option<std::int64_t>(settings, "ops-per-key", 1, 1'000'000'000'000);
  if (!operations.ok()) return operations.error();
  const int group = *per_key > 0 ? *per_key : std::min(2 * settings.nodes, settings.threads);
  return concurrent_keys(group, 0,
                         [make = std::move(make), count = static_cast<std::uint64_t>(*operations)](
                             KeyNumber key) { return limit(count, make(key)); });
}

Workload judged_by(const char* datatype, std::vector<std::string> models, Value initial) {
  Workload workload;
  workload.history.datatype = datatype;
  workload.history.initial = std::move(initial);
  workload.history.initial_declared = true;
  workload.history.real_time = RealTime::time;
  workload.check.datatype = datatype;
  workload.check.models = std::move(models);
  return workload;
}

}  // namespace assay
