// The log workload: every element is sent once and gets an offset, polls return a log from an
// offset on.

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "workloads/options.h"
#include "workloads/registry.h"

namespace assay {
namespace {

constexpr std::array<WorkloadOption, 3> log_options{{
    threads_per_key_option,
    ops_per_key_option("100"),
    {"poll-share", "0.4", "0 to 1", "share of polls; the rest are sends"},
}};

/// Polls from near the end that was seen last, now and then from the beginning.
class LogOperations final : public Generator {
 public:
  explicit LogOperations(double poll_share) : poll_share_(poll_share) {}

  Next next(const Context& context) override {
    const int thread = any_free(context);
    if (!context.random->chance(poll_share_)) return Invoke{{"send", {}, next_++}, thread};
    constexpr std::int64_t behind_max = 5;
    const std::int64_t behind = context.random->between(0, behind_max);
    const bool whole = context.random->chance(0.1);
    return Invoke{{"poll", {}, whole ? 0 : std::max<std::int64_t>(0, end_ - behind)}, thread};
  }
  void observe(const Context& /*context*/, int /*thread*/, const Event& event) override {
    const auto* offset = event.value.get_if<std::int64_t>();
    if (event.type == EventType::ok && event.f == "send" && offset != nullptr) {
      end_ = std::max(end_, *offset + 1);
    }
  }

 private:
  double poll_share_;
  std::int64_t next_ = 0;
  std::int64_t end_ = 0;
};

Result<Workload> make_log(const WorkloadSettings& settings) {
  auto share = number_option<double>(settings, "poll-share", 0, 1);
  if (!share.ok()) return share.error();
  auto generator = over_keys(
      settings, [share = *share](KeyNumber) { return std::make_unique<LogOperations>(share); });
  if (!generator.ok()) return generator.error();
  Workload workload = judged_by("log", {"linearizable"});
  workload.generator = std::move(*generator);
  return workload;
}

}  // namespace

WorkloadEntry log_workload() {
  return {"log", "elements sent to append-only logs, and polled; linearizable", "send poll",
          log_options, make_log};
}

}  // namespace assay
