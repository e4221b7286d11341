// Locks: a thread that holds one releases it, one that does not tries to get it. A holder whose
// operation is in doubt is never heard of again, so its lock stays taken, unless the target takes
// it away; the group goes on to the next lock when its operations are used up. A holder may pause:
// where locks are taken away from silent clients, two then believe that they hold it.

#include <array>
#include <memory>
#include <set>
#include <utility>

#include "workloads/naps.h"
#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 4> lock_options{{
    threads_per_key_option,
    ops_per_key_option("60"),
    pause_share_option("0"),
    pause_option,
}};

class LockOperations final : public Generator {
 public:
  explicit LockOperations(const Naps& naps) : naps_(naps) {}

  Next next(const Context& context) override {
    Nanos wake{0};
    const int thread = naps_.any_awake(context, wake);
    if (thread < 0) return Pending{wake};
    const bool holds = holders_.contains(thread);
    // Once a hold, not once a look: a holder that has paused does what it meant to do.
    if (holds && rested_.insert(thread).second && naps_.nods_off(context, thread)) {
      return Pending{context.now};
    }
    return Invoke{{holds ? "release" : "acquire", {}, {}}, thread};
  }
  void observe(const Context& /*context*/, int thread, const Event& event) override {
    if (event.type == EventType::invoke) return;
    const bool holds = event.f == "acquire" && event.type == EventType::ok;
    // A release that failed for another reason than that the lock is not held is tried again.
    const bool keeps =
        event.f == "release" && event.type == EventType::fail && event.error != unmet_precondition;
    if (holds) rested_.erase(thread);
    if (holds || keeps) {
      holders_.insert(thread);
    } else {
      holders_.erase(thread);
    }
  }

 private:
  Naps naps_;
  std::set<int> holders_;
  std::set<int> rested_;  // those that need not pause any more in this hold
};

Result<Workload> make_lock(const WorkloadSettings& settings, const char* datatype) {
  auto naps = Naps::of(settings);
  if (!naps.ok()) return naps.error();
  auto generator = over_keys(
      settings, [naps = *naps](KeyNumber) { return std::make_unique<LockOperations>(naps); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by(datatype, {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry lock_workload() {
  return {"lock", "locks, each held by one client at a time; linearizable", "acquire release",
          lock_options,
          [](const WorkloadSettings& settings) { return make_lock(settings, "owned-mutex"); }};
}

WorkloadEntry fenced_lock_workload() {
  return {"fenced-lock", "locks whose acquire returns a token larger than all before; linearizable",
          "acquire release", lock_options,
          [](const WorkloadSettings& settings) { return make_lock(settings, "fenced-lock"); }};
}

}  // namespace assay
