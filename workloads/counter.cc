// The counter workload: increments by one and reads. With equal amounts the check is exact and
// quick: a read outside what can have been added shows an increment lost or applied twice.

#include <array>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 3> counter_options{{
    threads_per_key_option,
    ops_per_key_option("100"),
    {"read-share", "0.4", "0 to 1", "share of reads; the rest are increments"},
}};

GeneratorPtr counter_operations(double read_share) {
  return generate([read_share](const Context& context) {
    if (context.random->chance(read_share)) return Invocation{"read", {}, {}};
    return Invocation{"increment", {}, 1};
  });
}

Result<Workload> make_counter(const WorkloadSettings& settings) {
  auto share = number_option<double>(settings, "read-share", 0, 1);
  if (!share.ok()) return share.error();
  auto generator =
      over_keys(settings, [share = *share](KeyNumber) { return counter_operations(share); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by("counter", {"linearizable"}, 0);
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry counter_workload() {
  return {"counter", "increments and reads of counters; linearizable", "increment read",
          counter_options, make_counter};
}

}  // namespace assay
