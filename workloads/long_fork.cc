// The long fork workload: independent writes of single keys, and reads of a group of them at once.
// Two reads that see two writes in opposite orders are a long fork, which parallel snapshot
// isolation allows and snapshot isolation does not.
// Source: Sovran, Power, Aguilera and Li, "Transactional storage for geo-replicated systems", 2011.

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"
#include "workloads/transactions.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 1> long_fork_options{{
    {"group-size", "3", "a number", "keys that are read together, each written once"},
}};

/// A group's keys are written one after another while others read the whole group.
class LongForkOperations final : public Generator {
 public:
  explicit LongForkOperations(std::int64_t size) : size_(size) {}

  Next next(const Context& context) override {
    Random& random = *context.random;
    const int thread = any_free(context);
    constexpr double write_share = 0.3;
    if (random.chance(write_share)) {
      const std::int64_t key = next_++;
      return Invoke{{"txn", {}, Value::List{write_step(key, 1)}}, thread};
    }
    // The group that is being written, or the one before.
    const std::int64_t group = std::max<std::int64_t>(0, next_ / size_ - random.between(0, 1));
    Value::List steps;
    for (std::int64_t i = 0; i < size_; ++i) steps.push_back(read_step(group * size_ + i));
    random.shuffle(std::span(steps));
    return Invoke{{"txn", {}, std::move(steps)}, thread};
  }

 private:
  std::int64_t size_;
  std::int64_t next_ = 0;
};

Result<Workload> make_long_fork(const WorkloadSettings& settings) {
  auto size = number_option<std::int64_t>(settings, "group-size", 2, 100);
  if (!size.ok()) return size.error();
  Workload workload = judged_by("rw-register", {"snapshot-isolation"});
  workload.generator = std::make_unique<LongForkOperations>(*size);
  return workload;
}

}  // namespace

WorkloadEntry long_fork_workload() {
  return {"long-fork", "single writes, and reads of several keys at once; snapshot-isolation",
          "txn", long_fork_options, make_long_fork};
}

}  // namespace assay
