// The unique names workload: everybody claims the same name at once by a compare-and-set from nil,
// and looks who has it. At most one claim of a name may succeed, which takes linearizability: a
// claimant must know that nobody before it was told yes.

#include <array>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 2> unique_names_options{{
    threads_per_key_option,
    ops_per_key_option("12"),
}};

GeneratorPtr claims() {
  return generate([next = std::int64_t{1}](const Context& context) mutable {
    if (context.random->chance(0.3)) return Invocation{"read", {}, {}};
    return Invocation{"cas", {}, Value::List{{}, next++}};
  });
}

Result<Workload> make_unique_names(const WorkloadSettings& settings) {
  auto generator = over_keys(settings, [](KeyNumber) { return claims(); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by("register", {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry unique_names_workload() {
  return {"unique-names", "names that many claim and one may get; linearizable", "cas read",
          unique_names_options, make_unique_names};
}

}  // namespace assay
