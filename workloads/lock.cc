// Locks: a thread that holds one releases it, one that does not tries to get it. A holder whose
// operation is in doubt is never heard of again, so its lock stays taken; the group goes on to the
// next lock when its operations are used up.

#include <array>
#include <memory>
#include <set>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 2> options{{
    threads_per_key_option,
    ops_per_key_option("60"),
}};

class LockOperations final : public Generator {
 public:
  Next next(const Context& context) override {
    const int thread = any_free(context);
    return Invoke{{holders_.contains(thread) ? "release" : "acquire", {}, {}}, thread};
  }
  void observe(const Context& /*context*/, int thread, const Event& event) override {
    if (event.type == EventType::invoke) return;
    const bool holds = event.f == "acquire" && event.type == EventType::ok;
    // A release that failed for another reason than that the lock is not held is tried again.
    const bool keeps =
        event.f == "release" && event.type == EventType::fail && event.error != unmet_precondition;
    if (holds || keeps) {
      holders_.insert(thread);
    } else {
      holders_.erase(thread);
    }
  }

 private:
  std::set<int> holders_;
};

Result<Workload> make(const WorkloadSettings& settings, const char* datatype) {
  auto generator =
      over_keys(settings, [](KeyNumber) { return std::make_unique<LockOperations>(); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by(datatype, {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry lock_workload() {
  return {"lock", "locks, each held by one client at a time; linearizable", "acquire release",
          options, [](const WorkloadSettings& settings) { return make(settings, "owned-mutex"); }};
}

WorkloadEntry fenced_lock_workload() {
  return {"fenced-lock", "locks whose acquire returns a token larger than all before; linearizable",
          "acquire release", options,
          [](const WorkloadSettings& settings) { return make(settings, "fenced-lock"); }};
}

}  // namespace assay
