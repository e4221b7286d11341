// The queue workload: every element is enqueued once, and dequeued once at most, in order.

#include <array>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 4> queue_options{{
    threads_per_key_option,
    ops_per_key_option("100"),
    {"enqueue-share", "0.5", "0 to 1", "share of enqueues; the rest are dequeues"},
    {"order", "fifo", "fifo or any", "whether a dequeue must give the oldest element"},
}};

GeneratorPtr queue_operations(double enqueue_share) {
  return generate([enqueue_share, next = std::int64_t{0}](const Context& context) mutable {
    if (context.random->chance(enqueue_share)) return Invocation{"enqueue", {}, next++};
    return Invocation{"dequeue", {}, {}};
  });
}

Result<Workload> make_queue(const WorkloadSettings& settings) {
  auto share = number_option<double>(settings, "enqueue-share", 0, 1);
  if (!share.ok()) return share.error();
  const std::string& order = settings.options.at("order");
  if (order != "fifo" && order != "any") {
    return Error{ErrorKind::configuration, "--order: expected fifo or any, got '" + order + "'"};
  }
  auto generator =
      over_keys(settings, [share = *share](KeyNumber) { return queue_operations(share); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by(order == "fifo" ? "fifo-queue" : "queue", {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry queue_workload() {
  return {"queue", "unique elements through queues; linearizable", "enqueue dequeue", queue_options,
          make_queue};
}

}  // namespace assay
