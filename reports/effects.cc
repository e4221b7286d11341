#include "reports/effects.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/clock.h"
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
  std::vector<std::int64_t> first_ok_after(bands.size(), never);
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
    const bool ok = operation.outcome == Outcome::ok;
    bool inside = false;
    for (std::size_t b = 0; b < bands.size(); ++b) {
      const FaultBand& band = bands[b];
      FaultEffect& effect = effects[b];
      if (start < band.to && done >= band.from) ++effect.in_flight;
      if (done == never) continue;
      if (holds(band, done)) {
        inside = true;
        ++effect.completed[static_cast<std::size_t>(operation.outcome)];
      }
      if (ok && done >= band.to) first_ok_after[b] = std::min(first_ok_after[b], done);
    }
    if (ok && done != never && !inside) ++usual;
  }
  if (!times) return effects;
  const std::int64_t free = uncovered(bands, end);
  for (std::size_t b = 0; b < bands.size(); ++b) {
    const FaultBand& band = bands[b];
    effects[b].ok_rate = per_second(effects[b].completed[static_cast<std::size_t>(Outcome::ok)],
                                    band.to - band.from);
    if (free > 0) effects[b].usual_ok_rate = per_second(usual, free);
    if (band.to_event != no_event && first_ok_after[b] != never) {
      effects[b].recovery = Nanos(first_ok_after[b] - band.to);
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
    fmt::format_to(std::back_inserter(text), "; {:.0f} % of the usual rate",
                   100 * effect.ok_rate / *effect.usual_ok_rate);
  }
  if (effect.recovery) {
    fmt::format_to(std::back_inserter(text), "; next acknowledgement {} after it",
                   format_duration(*effect.recovery));
  }
  return text;
}

}  // namespace assay
