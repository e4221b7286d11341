#include "reports/tested.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <utility>

#include "reports/measures.h"
#include "reports/words.h"

namespace assay {
namespace {

using Outcomes = std::array<std::uint64_t, 3>;  // ok, fail, info

std::string words_of(const Outcomes& outcomes) {
  const std::uint64_t asked = outcomes[0] + outcomes[1] + outcomes[2];
  std::string text = fmt::format("{} asked: ", grouped(asked));
  if (asked > 1 && outcomes[0] == asked) return text + "all acknowledged";
  text += grouped(outcomes[0]) + " acknowledged";
  if (outcomes[1] > 0) text += fmt::format(", {} failed", grouped(outcomes[1]));
  if (outcomes[2] > 0) text += fmt::format(", {} with unknown outcome", grouped(outcomes[2]));
  return text;
}

/// Of the operations that returned: how many were in flight at once, by time where there are times,
/// else by event.
struct AtOnce {
  double mean = 0;
  std::int64_t most = 0;
};

AtOnce at_once(const History& history) {
  const bool times = has_times(history);
  std::vector<std::pair<std::int64_t, int>> changes;  // at one moment, ends come first
  for (OpIndex op = 0; op < history.size(); ++op) {
    const Operation operation = history[op];
    if (operation.complete_event == no_event) continue;
    if (times && operation.completed < operation.invoked) continue;
    changes.emplace_back(
        times ? operation.invoked.count() : static_cast<std::int64_t>(operation.invoke_event), 1);
    changes.emplace_back(
        times ? operation.completed.count() : static_cast<std::int64_t>(operation.complete_event),
        -1);
  }
  std::sort(changes.begin(), changes.end());
  AtOnce result;
  if (changes.empty()) return result;
  double area = 0;
  std::int64_t now = 0;
  std::int64_t before = changes.front().first;
  for (const auto& [moment, change] : changes) {
    area += static_cast<double>(now) * static_cast<double>(moment - before);
    before = moment;
    now += change;
    result.most = std::max(result.most, now);
  }
  const auto span = static_cast<double>(before - changes.front().first);
  result.mean = span > 0 ? area / span : static_cast<double>(result.most);
  return result;
}

}  // namespace

std::vector<TestedRow> tested_rows(const History& history) {
  std::map<std::string, Outcomes> functions;
  for (OpIndex op = 0; op < history.size(); ++op) {
    const std::string function(history.function_name(history.function(op)));
    ++functions[function][static_cast<std::size_t>(history.outcome(op))];
  }
  std::vector<TestedRow> rows;
  for (const auto& [function, outcomes] : functions) {
    rows.push_back({function, words_of(outcomes)});
  }
  const AtOnce flight = at_once(history);
  rows.push_back({"in flight at once", fmt::format("{:.1f} operations on average, {} at most",
                                                   flight.mean, flight.most)});
  rows.push_back(
      {"contention",
       fmt::format("{:.3g}\u00a0% of operations shared an object with another one in flight",
                   100 * find_measure("contention")->of(history))});
  const auto under_faults = in_flight_under_faults(history);
  for (const auto& [kind, count] : under_faults) {
    rows.push_back({"under " + kind, counted(count, "operation") + " in flight"});
  }
  if (under_faults.empty()) {
    rows.push_back({"under faults", "nothing: the history records no faults"});
  }
  return rows;
}

}  // namespace assay
