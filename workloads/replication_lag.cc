// The replication lag workload: a process writes and then reads what it wrote, or reads the same
// again. Replicas that are behind show it its own past, or the past of what it has seen already.

#include <array>
#include <map>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 2> replication_lag_options{{
    {"keys", "5", "a number", "registers that all share"},
    {"write-share", "0.3", "0 to 1", "share of writes among what follows from nothing before"},
}};

class LagOperations final : public Generator {
 public:
  LagOperations(std::int64_t keys, double write_share) : keys_(keys), write_share_(write_share) {}

  Next next(const Context& context) override {
    Random& random = *context.random;
    const int thread = any_free(context);
    if (const auto due = due_.extract(thread)) {
      return Invoke{{"read", due.mapped(), {}}, thread};
    }
    const std::int64_t key = random.between(0, keys_ - 1);
    if (random.chance(write_share_)) return Invoke{{"write", key, next_++}, thread};
    if (random.chance(0.5)) due_[thread] = key;
    return Invoke{{"read", key, {}}, thread};
  }

  void observe(const Context& /*context*/, int thread, const Event& event) override {
    if (event.type == EventType::info) due_.erase(thread);
    if (event.type == EventType::ok && event.f == "write") due_[thread] = *event.key;
  }

 private:
  std::int64_t keys_;
  double write_share_;
  std::int64_t next_ = 0;
  std::map<int, Value> due_;  // the key that a thread reads next
};

Result<Workload> make_replication_lag(const WorkloadSettings& settings) {
  auto keys = number_option<std::int64_t>(settings, "keys", 1, 1'000'000);
  if (!keys.ok()) return keys.error();
  auto share = number_option<double>(settings, "write-share", 0, 1);
  if (!share.ok()) return share.error();
  Workload workload = judged_by("register", {"read-your-writes", "monotonic-reads"});
  workload.generator = std::make_unique<LagOperations>(*keys, *share);
  return workload;
}

}  // namespace

WorkloadEntry replication_lag_workload() {
  return {"replication-lag",
          "processes that read what they wrote or read before; read-your-writes, monotonic-reads",
          "read write", replication_lag_options, make_replication_lag};
}

}  // namespace assay
