// Fencing: locks that may be lost without a word, and resources that hear of it. Who holds a lock
// uses the resource with its token, again and again, and pauses now and then for so long that the
// lock goes to another; the resource must not act for the old token once it has seen the new one.
// Source: Kleppmann, "How to do distributed locking", 2016.

#include <array>
#include <map>
#include <memory>
#include <utility>

#include "workloads/naps.h"
#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 4> fencing_options{{
    {"threads-per-key", "3", "a number", "threads that share a key; 0: twice the nodes"},
    ops_per_key_option("1000000"),
    pause_share_option("0.03"),
    pause_option,
}};

class FencedOperations final : public Generator {
 public:
  explicit FencedOperations(const Naps& naps) : naps_(naps) {}

  Next next(const Context& context) override {
    Nanos wake{0};
    const int thread = naps_.any_awake(context, wake);
    if (thread < 0) return Pending{wake};
    const auto token = tokens_.find(thread);
    if (token == tokens_.end()) return Invoke{{"acquire", {}, {}}, thread};
    if (naps_.nods_off(context, thread)) return Pending{context.now};
    constexpr double use_share = 0.8;
    if (context.random->chance(use_share)) return Invoke{{"use", {}, token->second}, thread};
    return Invoke{{"release", {}, {}}, thread};
  }
  void observe(const Context& /*context*/, int thread, const Event& event) override {
    if (event.type == EventType::invoke) return;
    if (event.f == "acquire" && event.type == EventType::ok) {
      tokens_[thread] = event.value;
      return;
    }
    // Nobody tells a holder that it is none any more, but the resource.
    const bool keeps = event.f == "use" ? event.type == EventType::ok : false;
    const bool unclear = event.type == EventType::fail && event.error != unmet_precondition;
    if (!keeps && !unclear) tokens_.erase(thread);
  }

 private:
  Naps naps_;
  std::map<int, Value> tokens_;  // of those that believe that they hold the lock
};

Result<Workload> make_fencing(const WorkloadSettings& settings) {
  auto naps = Naps::of(settings);
  if (!naps.ok()) return naps.error();
  auto generator = over_keys(
      settings, [naps = *naps](KeyNumber) { return std::make_unique<FencedOperations>(naps); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by("fencing", {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry fencing_workload() {
  return {"fencing", "locks that may be lost, and resources that refuse old tokens; linearizable",
          "acquire use release", fencing_options, make_fencing};
}

}  // namespace assay
