// The set workload: every element is added once, reads return them all. A set that only grows and
// is read as a whole shows lost, stale and resurrected elements, each by name.

#include <array>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 3> set_options{{
    threads_per_key_option,
    ops_per_key_option("100"),
    {"read-share", "0.3", "0 to 1", "share of reads; the rest are adds"},
}};

GeneratorPtr set_operations(double read_share) {
  return generate([read_share, next = std::int64_t{0}](const Context& context) mutable {
    if (context.random->chance(read_share)) return Invocation{"read", {}, {}};
    return Invocation{"add", {}, next++};
  });
}

Result<Workload> make_set(const WorkloadSettings& settings) {
  auto share = number_option<double>(settings, "read-share", 0, 1);
  if (!share.ok()) return share.error();
  auto generator =
      over_keys(settings, [share = *share](KeyNumber) { return set_operations(share); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by("set", {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry set_workload() {
  return {"set", "unique elements added to sets that are read as a whole; linearizable", "add read",
          set_options, make_set};
}

}  // namespace assay
