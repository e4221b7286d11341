#include "checker/linearizability/witness_timing.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "checker/linearizability/objects.h"
#include "checker/linearizability/shrink.h"

namespace assay {
namespace {

constexpr std::size_t most = 24;

/// The operations as a history of one object, open as `spans` say. Nothing if two operations of one
/// process would overlap.
std::optional<History> history_of(const History& history, std::span<const OpIndex> operations,
                                  std::span<const Span> spans) {
  struct Point {
    std::int64_t time;
    bool is_end;
    std::size_t which;
    bool operator<(const Point& other) const {
      // Starts come first: operations that only touch are concurrent.
      return std::pair(time, is_end) < std::pair(other.time, other.is_end);
    }
  };
  std::vector<Point> points;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    points.push_back({spans[i].start, false, i});
    if (spans[i].end != never) points.push_back({spans[i].end, true, i});
  }
  std::stable_sort(points.begin(), points.end());
  HistoryInfo info = history.info();
  info.real_time = RealTime::position;
  HistoryBuilder builder(std::move(info));
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Operation operation = history[operations[points[i].which]];
    Event event;
    event.index = i;
    event.process = operation.process;
    event.f = std::string(history.function_name(operation.function));
    event.type = EventType::invoke;
    event.value = history.value(operation.argument);
    if (points[i].is_end) {
      event.type = operation.outcome == Outcome::ok ? EventType::ok : EventType::fail;
      event.value = history.value(operation.result);
    }
    if (!builder.add(event)) return std::nullopt;
  }
  auto built = builder.finish();
  if (!built) return std::nullopt;
  return std::move(built).value();
}

}  // namespace

std::vector<EssentialTiming> essential_timing(const History& history, std::string_view datatype,
                                              const CheckOptions& options, KeyId key,
                                              std::span<const std::uint64_t> witness,
                                              const SearchLimits& limits) {
  if (witness.size() < 2 || witness.size() > most) return {};
  std::vector<OpIndex> operations;
  std::vector<Span> spans;
  for (const OpIndex operation : history.operations_on(key)) {
    if (!std::binary_search(witness.begin(), witness.end(), history.invoke_event(operation))) {
      continue;
    }
    const auto interval = history.interval(operation);
    operations.push_back(operation);
    spans.push_back({interval.start, interval.end});
  }
  const auto fails = [&](std::span<const Span> wider) {
    if (limits.time_is_up()) return false;
    const auto alone = history_of(history, operations, wider);
    if (!alone) return false;
    const auto make = object_checker_for(datatype, *alone, options, false);
    if (!make) return false;
    const auto outcome = make.value()()->decide(0, limits, false);
    return outcome.ok() && outcome->search.answer == SearchAnswer::not_linearizable;
  };
  if (operations.size() != witness.size() || !fails(spans)) return {};
  std::vector<EssentialTiming> result;
  for (const Precedence& p : essential_precedences(spans, fails)) {
    result.push_back(
        {history.invoke_event(operations[p.before]), history.invoke_event(operations[p.after])});
  }
  return result;
}

}  // namespace assay
