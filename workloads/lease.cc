// Leases: locks that are lost when their holder is not heard for a while. A holder renews, releases
// or pauses for so long that another gets the lock; a lock lasts for the whole run, since whoever
// vanishes with it loses it.

#include <array>
#include <memory>
#include <set>
#include <utility>

#include "workloads/naps.h"
#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 5> lease_options{{
    {"threads-per-key", "3", "a number", "threads that share a key; 0: twice the nodes"},
    ops_per_key_option("1000000"),
    pause_share_option("0.02"),
    pause_option,
    {"grant", "500", "milliseconds", "what a grant is good for: no more than the target promises"},
}};

class LeaseOperations final : public Generator {
 public:
  explicit LeaseOperations(const Naps& naps) : naps_(naps) {}

  Next next(const Context& context) override {
    Nanos wake{0};
    const int thread = naps_.any_awake(context, wake);
    if (thread < 0) return Pending{wake};
    if (!holders_.contains(thread)) return Invoke{{"acquire", {}, {}}, thread};
    if (naps_.nods_off(context, thread)) return Pending{context.now};
    constexpr double renew_share = 0.7;
    return Invoke{{context.random->chance(renew_share) ? "renew" : "release", {}, {}}, thread};
  }
  void observe(const Context& /*context*/, int thread, const Event& event) override {
    if (event.type == EventType::invoke) return;
    const bool ok = event.type == EventType::ok;
    const bool refused = event.type == EventType::fail && event.error == unmet_precondition;
    const bool failed = event.type == EventType::fail && !refused;
    const bool holds = event.f == "acquire" ? ok : failed || (ok && event.f == "renew");
    if (holds) {
      holders_.insert(thread);
    } else {
      holders_.erase(thread);
    }
  }

 private:
  Naps naps_;
  std::set<int> holders_;
};

Result<Workload> make_lease(const WorkloadSettings& settings) {
  auto naps = Naps::of(settings);
  if (!naps.ok()) return naps.error();
  const auto lease = number_option<std::int64_t>(settings, "grant", 1, 3'600'000);
  if (!lease.ok()) return lease.error();
  auto generator = over_keys(
      settings, [naps = *naps](KeyNumber) { return std::make_unique<LeaseOperations>(naps); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by("lease", {"linearizable"}, Value(*lease));
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry lease_workload() {
  return {"lease", "locks that are lost when their time is over; linearizable",
          "acquire renew release", lease_options, make_lease};
}

}  // namespace assay
