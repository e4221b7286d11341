// Clocks: how far each node's was set off, as the faults tell it.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "reports/effects.h"
#include "reports/escape.h"

namespace assay {
namespace {

constexpr std::size_t name_limit = 64;
constexpr std::int64_t nanoseconds_per_millisecond = 1'000'000;
constexpr std::int64_t offset_ms_max = 1'000'000'000'000;

class Clocks {
 public:
  void set(const std::string& node, std::int64_t at, std::int64_t offset) {
    auto clock = std::find_if(clocks_.begin(), clocks_.end(),
                              [&](const ClockOffset& each) { return each.node == node; });
    if (clock == clocks_.end()) clock = clocks_.insert(clocks_.end(), {node, {}});
    clock->set.emplace_back(at, offset);
  }
  void heal(std::int64_t at) {
    for (ClockOffset& clock : clocks_) clock.set.emplace_back(at, 0);
  }
  std::vector<ClockOffset> finish() && {
    std::sort(clocks_.begin(), clocks_.end(),
              [](const ClockOffset& a, const ClockOffset& b) { return a.node < b.node; });
    return std::move(clocks_);
  }

 private:
  std::vector<ClockOffset> clocks_;
};

}  // namespace

std::vector<ClockOffset> clock_offsets(const History& history) {
  Clocks clocks;
  std::int64_t asked_ms = 0;
  for (const FaultEvent& event : history.faults()) {
    if (event.time == unknown_time) continue;
    if (event.f == "stop-clock" && event.type == EventType::ok) clocks.heal(event.time.count());
    if (event.f != "start-clock") continue;
    if (event.type == EventType::invoke) {
      const Value* value = find(event.value, "offset_ms");
      const auto* number = value != nullptr ? value->get_if<std::int64_t>() : nullptr;
      asked_ms = number != nullptr ? std::clamp(*number, -offset_ms_max, offset_ms_max) : 0;
      continue;
    }
    const Value* names = find(event.value, "nodes");
    const auto* nodes = names != nullptr ? names->get_if<Value::List>() : nullptr;
    if (nodes == nullptr || asked_ms == 0) continue;
    for (const Value& node : *nodes) {
      if (const auto* name = node.get_if<std::string>()) {
        clocks.set(*name, event.time.count(), asked_ms * nanoseconds_per_millisecond);
      }
    }
  }
  return std::move(clocks).finish();
}

void append_clocks(std::string& out, const History& history) {
  out += "\"clocks\":[";
  bool first = true;
  for (const ClockOffset& clock : clock_offsets(history)) {
    out += first ? "{\"node\":" : ",{\"node\":";
    first = false;
    append_json_string(out, clip(visible(clock.node), name_limit));
    std::string times;
    std::string offsets;
    for (const auto& [at, offset] : clock.set) {
      fmt::format_to(std::back_inserter(times), "{}{}", times.empty() ? "" : ",", at);
      fmt::format_to(std::back_inserter(offsets), "{}{}", offsets.empty() ? "" : ",", offset);
    }
    out += ",\"at\":[" + times + "],\"offset\":[" + offsets + "]}";
  }
  out += ']';
}

}  // namespace assay
