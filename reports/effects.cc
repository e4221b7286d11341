#include "reports/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/duration_words.h"
#include "reports/words.h"

namespace assay {
namespace {

double per_second(std::uint64_t count, std::int64_t nanoseconds) {
  return nanoseconds > 0 ? static_cast<double>(count) * 1e9 / static_cast<double>(nanoseconds) : 0;
}

/// How much of [0, end] no band covers. `bands` ascend by start.
std::int64_t uncovered(const std::vector<FaultBand>& bands, std::int64_t end) {
  std::int64_t free = 0;
  std::int64_t covered_to = 0;
  for (const FaultBand& band : bands) {
    if (band.instant) continue;
    free += std::max<std::int64_t>(0, band.from - covered_to);
    covered_to = std::max(covered_to, band.to);
  }
  return free + std::max<std::int64_t>(0, end - covered_to);
}

bool holds(const FaultBand& band, std::int64_t at) {
  return !band.instant && band.from <= at && at < band.to;
}

}  // namespace

std::vector<FaultEffect> fault_effects(const History& history,
                                       const std::vector<FaultBand>& bands) {
  std::vector<FaultEffect> effects(bands.size());
  if (bands.empty()) return effects;
  const bool times = has_times(history);
  const std::int64_t end = axis_end(history);
  // Bands ascend by start; where the latest end so far is still before an operation, none of them
  // touches it.
  std::vector<std::int64_t> latest_end;
  for (const FaultBand& band : bands) {
    latest_end.push_back(latest_end.empty() ? band.to : std::max(latest_end.back(), band.to));
  }
  std::vector<std::int64_t> acknowledged;
  std::uint64_t usual = 0;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Operation operation = history[static_cast<OpIndex>(i)];
    const bool returned = operation.complete_event != no_event;
    const std::int64_t start =
        times ? operation.invoked.count() : static_cast<std::int64_t>(operation.invoke_event);
    std::int64_t done = never;
    if (returned && !times) done = static_cast<std::int64_t>(operation.complete_event);
    if (returned && times && operation.completed != unknown_time)
      done = operation.completed.count();
    bool inside = false;
    const auto first = std::upper_bound(latest_end.begin(), latest_end.end(), start);
    for (auto b = static_cast<std::size_t>(first - latest_end.begin());
         b < bands.size() && bands[b].from <= done; ++b) {
      if (start < bands[b].to) ++effects[b].in_flight;
      if (done == never || !holds(bands[b], done)) continue;
      inside = true;
      ++effects[b].completed[static_cast<std::size_t>(operation.outcome)];
    }
    if (operation.outcome != Outcome::ok || done == never) continue;
    acknowledged.push_back(done);
    if (!inside) ++usual;
  }
  if (!times) return effects;
  std::sort(acknowledged.begin(), acknowledged.end());
  const std::int64_t free = uncovered(bands, end);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const FaultBand& band = bands[b];
    effects[b].ok_rate = per_second(effects[b].completed[static_cast<std::size_t>(Outcome::ok)],
                                    band.to - band.from);
    if (free > 0) effects[b].usual_ok_rate = per_second(usual, free);
    const auto next = std::lower_bound(acknowledged.begin(), acknowledged.end(), band.to);
    if (band.to_event != no_event && next != acknowledged.end()) {
      effects[b].recovery = Nanos(*next - band.to);
    }
  }
  return effects;
}

std::string effect_text(const FaultEffect& effect) {
  std::string text = counted(effect.in_flight, "operation") + " in flight";
  const auto add = [&](Outcome outcome, std::string_view word) {
    const std::uint64_t count = effect.completed[static_cast<std::size_t>(outcome)];
    if (count > 0) fmt::format_to(std::back_inserter(text), ", {} {}", grouped(count), word);
  };
  add(Outcome::fail, "failed");
  add(Outcome::info, "unknown");
  if (effect.usual_ok_rate && *effect.usual_ok_rate > 0) {
    fmt::format_to(std::back_inserter(text), "; {:.0f}\u00a0% of the usual rate",
                   100 * effect.ok_rate / *effect.usual_ok_rate);
  }
  if (effect.recovery) {
    fmt::format_to(std::back_inserter(text), "; next acknowledgement {} after it",
                   duration_words(*effect.recovery));
  }
  return text;
}

}  // namespace assay
