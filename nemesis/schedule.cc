#include "nemesis/schedule.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "nemesis/selector.h"

namespace assay {
namespace {

/// A number for each name that no other choice of faults changes (FNV-1a).
std::uint64_t stream_of(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

/// Between the end of one step and the next. A recorded schedule that is repeated keeps its times
/// as long as each step takes at most this much longer than it did.
constexpr Nanos rest = std::chrono::milliseconds(500);

struct Lane {
  FaultEntry fault;
  Random random;
  Nanos due;
  bool in_force = false;
};

class FaultSchedule final : public Generator {
 public:
  FaultSchedule(const std::vector<FaultEntry>& faults, std::size_t nodes, Nanos interval,
                const Random& random)
      : nodes_(nodes), interval_(interval), in_force_max_((faults.size() + 1) / 2) {
    for (std::size_t i = 0; i < faults.size(); ++i) {
      Lane lane{faults[i], random.fork(stream_of(faults[i].name)), Nanos::zero()};
      // The first starts are dealt over one interval.
      const double place =
          (static_cast<double>(i) + lane.random.unit()) / static_cast<double>(faults.size());
      lane.due = scaled(place);
      lanes_.push_back(std::move(lane));
    }
  }

  Next next(const Context& context) override {
    Lane* lane = first_due();
    if (lane == nullptr) return Exhausted{};
    if (const Nanos at = std::max(lane->due, rested_); at > context.now) return Pending{at};
    Invocation invocation;
    invocation.f = (lane->in_force ? "stop-" : "start-") + std::string(lane->fault.name);
    if (!lane->in_force) {
      invocation.value = lane->fault.draw(nodes_, lane->random);
      const std::string& selector = lane->fault.selector;
      if (!selector.empty()) select_as(selector, nodes_, invocation.value, lane->random);
    }
    lane->in_force = !lane->in_force;
    lane->due = context.now + scaled(0.5 + lane->random.unit());
    return Invoke{std::move(invocation), context.free.front()};
  }

  void observe(const Context& context, int /*thread*/, const Event& event) override {
    if (event.type != EventType::invoke) rested_ = context.now + rest;
  }

 private:
  Nanos scaled(double factor) const {
    return Nanos(static_cast<std::int64_t>(factor * static_cast<double>(interval_.count())));
  }

  /// A start that would be one too many waits for the next stop; the longest waiting goes first.
  Lane* first_due() {
    const auto in_force =
        std::count_if(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.in_force; });
    const bool full = static_cast<std::size_t>(in_force) >= in_force_max_;
    Lane* first = nullptr;
    for (Lane& lane : lanes_) {
      if (full && !lane.in_force) continue;
      if (first == nullptr || lane.due < first->due) first = &lane;
    }
    return first;
  }

  std::size_t nodes_;
  Nanos interval_;
  std::size_t in_force_max_;
  std::vector<Lane> lanes_;
  Nanos rested_{0};  ///< when the next step may begin
};

}  // namespace

GeneratorPtr make_schedule(const std::vector<FaultEntry>& faults, std::size_t nodes, Nanos interval,
                           const Random& random) {
  return std::make_unique<FaultSchedule>(faults, nodes, interval, random);
}

}  // namespace assay
