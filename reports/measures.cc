#include "reports/measures.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "reports/faults.h"
#include "reports/words.h"

namespace assay {
namespace {

double share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::uint64_t count(const History& history, Outcome outcome) {
  std::uint64_t found = 0;
  for (OpIndex op = 0; op < history.size(); ++op) {
    if (history[op].outcome == outcome) ++found;
  }
  return found;
}

double acknowledged(const History& history) {
  return share(count(history, Outcome::ok), history.size());
}
double refused(const History& history) {
  return share(count(history, Outcome::fail), history.size());
}
double in_doubt(const History& history) {
  return share(history.size() - count(history, Outcome::ok) - count(history, Outcome::fail),
               history.size());
}

/// Moments of the run in nanoseconds, in which some fault was in force: disjoint, ascending.
class FaultTimes {
 public:
  /// `kind`: of this kind only; empty: of any.
  explicit FaultTimes(const std::vector<FaultBand>& bands, std::string_view kind = {}) {
    for (const FaultBand& band : bands) {
      if (kind.empty() ? band.instant : band.kind != kind) continue;
      if (!spans_.empty() && band.from <= spans_.back().second) {
        spans_.back().second = std::max(spans_.back().second, band.to);
      } else {
        spans_.emplace_back(band.from, band.to);
      }
    }
  }
  /// Whether [from, to] meets a fault. O(log f).
  bool meets(std::int64_t from, std::int64_t to) const {
    const auto after =
        std::upper_bound(spans_.begin(), spans_.end(), to,
                         [](std::int64_t moment, const auto& span) { return moment < span.first; });
    return after != spans_.begin() && std::prev(after)->second >= from;
  }
  std::int64_t length() const {
    std::int64_t sum = 0;
    for (const auto& [from, to] : spans_) sum += to - from;
    return sum;
  }
  const std::vector<std::pair<std::int64_t, std::int64_t>>& spans() const { return spans_; }

 private:
  std::vector<std::pair<std::int64_t, std::int64_t>> spans_;
};

/// Operations that were invoked outside faults.
template <class Visit>
void outside_faults(const History& history, const Visit& visit) {
  const FaultTimes faults(fault_bands(history));
  for (OpIndex op = 0; op < history.size(); ++op) {
    const Operation operation = history[op];
    const std::int64_t start = operation.invoked.count();
    if (!faults.meets(start, start)) visit(operation);
  }
}

double operations(const History& history) { return static_cast<double>(history.size()); }

double acknowledged_outside_faults(const History& history) {
  std::uint64_t all = 0;
  std::uint64_t ok = 0;
  outside_faults(history, [&](const Operation& operation) {
    ++all;
    if (operation.outcome == Outcome::ok) ++ok;
  });
  return share(ok, all);
}

/// Acknowledged operations a second of the time outside faults.
double throughput(const History& history) {
  const std::int64_t calm = history.duration().count() - FaultTimes(fault_bands(history)).length();
  if (calm <= 0) return 0;
  std::uint64_t ok = 0;
  outside_faults(history, [&](const Operation& operation) {
    if (operation.outcome == Outcome::ok) ++ok;
  });
  return static_cast<double>(ok) * 1e9 / static_cast<double>(calm);
}

double p99_s(const History& history) {
  std::vector<std::int64_t> took;
  outside_faults(history, [&](const Operation& operation) {
    if (operation.outcome != Outcome::ok || operation.completed < operation.invoked) return;
    took.push_back((operation.completed - operation.invoked).count());
  });
  if (took.empty()) return 0;
  // Nearest rank: the smallest value that 99 of 100 do not exceed.
  const std::size_t rank = (took.size() * 99 + 99) / 100 - 1;
  std::nth_element(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(rank), took.end());
  return static_cast<double>(took[rank]) / 1e9;
}

/// Of the whole seconds outside faults in which something was asked, the share in which something
/// that was asked was acknowledged.
double availability(const History& history) {
  constexpr std::int64_t window = 1'000'000'000;
  const FaultTimes faults(fault_bands(history));
  std::map<std::int64_t, bool> answered;
  for (OpIndex op = 0; op < history.size(); ++op) {
    const Operation operation = history[op];
    if (operation.invoked == unknown_time) continue;
    const std::int64_t number = operation.invoked.count() / window;
    if (faults.meets(number * window, (number + 1) * window - 1)) continue;
    answered[number] |= operation.outcome == Outcome::ok;
  }
  const auto up =
      std::count_if(answered.begin(), answered.end(), [](const auto& each) { return each.second; });
  return answered.empty() ? 1 : share(static_cast<std::uint64_t>(up), answered.size());
}

/// The longest time from the end of faults to the first acknowledgement of an operation invoked
/// after it; to the end of the run, if there was none. 0 if nothing was asked afterwards.
double recovery_s(const History& history) {
  if (!has_times(history)) return 0;
  const FaultTimes faults(fault_bands(history));
  std::int64_t longest = 0;
  for (const auto& span : faults.spans()) {
    const std::int64_t healed = span.second;
    std::optional<std::int64_t> first;
    bool asked = false;
    for (OpIndex op = 0; op < history.size(); ++op) {
      const Operation operation = history[op];
      if (operation.invoked.count() < healed) continue;
      // In the order of invocation: nothing later can have been acknowledged earlier.
      if (first && operation.invoked.count() > *first) break;
      asked = true;
      if (operation.outcome != Outcome::ok) continue;
      first = std::min(first.value_or(operation.completed.count()), operation.completed.count());
    }
    if (!asked) continue;
    longest = std::max(longest, first.value_or(history.duration().count()) - healed);
  }
  return static_cast<double>(longest) / 1e9;
}

/// The objects that an operation names: its key, or those of its transaction's steps.
template <class Visit>
void for_each_object(const History& history, const Operation& operation, const Visit& visit) {
  if (!is_transaction(history, operation)) {
    if (operation.key != no_key) visit(history.keyed() ? history.key(operation.key) : Value());
    return;
  }
  const Value argument = history.value(operation.argument);
  const auto* steps = argument.get_if<Value::List>();
  if (steps == nullptr) return;
  for (const Value& step : *steps) {
    const auto* parts = step.get_if<Value::List>();
    if (parts != nullptr && parts->size() >= 2) visit((*parts)[1]);
  }
}

/// The share of operations that shared an object with another one in flight at the same time.
double contention(const History& history) {
  struct Last {
    std::int64_t end = 0;  ///< the latest end so far, and whose it is
    OpIndex op = 0;
  };
  std::map<Value, Last> objects;
  std::vector<bool> contended(history.size());
  for (OpIndex op = 0; op < history.size(); ++op) {
    const Operation operation = history[op];
    const std::int64_t start = operation.invoked.count();
    // What never returned would be in flight with everything after it.
    const std::int64_t end =
        operation.completed == unknown_time ? start : operation.completed.count();
    for_each_object(history, operation, [&](const Value& object) {
      const auto [at, first] = objects.try_emplace(object, Last{end, op});
      if (first || at->second.op == op) return;
      if (start < at->second.end) contended[op] = contended[at->second.op] = true;
      if (end >= at->second.end) at->second = {end, op};
    });
  }
  const auto met = std::count(contended.begin(), contended.end(), true);
  return share(static_cast<std::uint64_t>(met), history.size());
}

/// Seconds from invocation to ok, ascending.
std::vector<double> latencies(const History& history) {
  std::vector<double> seconds;
  for (OpIndex op = 0; op < history.size(); ++op) {
    const auto operation = history[op];
    if (operation.outcome != Outcome::ok || operation.completed < operation.invoked) continue;
    const Nanos took = operation.completed - operation.invoked;
    seconds.push_back(static_cast<double>(took.count()) / 1e9);
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds;
}

double median_s(const History& history) {
  const auto seconds = latencies(history);
  return seconds.empty() ? 0 : seconds[seconds.size() / 2];
}
double slowest_s(const History& history) {
  const auto seconds = latencies(history);
  return seconds.empty() ? 0 : seconds.back();
}

/// The longest time without any acknowledgement.
double outage_s(const History& history) {
  std::vector<std::int64_t> answers{0};
  for (OpIndex op = 0; op < history.size(); ++op) {
    const auto operation = history[op];
    if (operation.outcome == Outcome::ok) answers.push_back(operation.completed.count());
  }
  answers.push_back(std::max(answers.back(), history.duration().count()));
  std::sort(answers.begin(), answers.end());
  std::int64_t longest = 0;
  for (std::size_t i = 1; i < answers.size(); ++i) {
    longest = std::max(longest, answers[i] - answers[i - 1]);
  }
  return static_cast<double>(longest) / 1e9;
}

constexpr std::array<Measure, 13> table{{
    {"acknowledged", "share of operations that ended ok", false, acknowledged},
    {"refused", "share of operations that certainly did not happen", true, refused},
    {"in-doubt", "share of operations whose fate is unknown", true, in_doubt},
    {"median-s", "seconds that half of the acknowledged operations took at most", true, median_s},
    {"slowest-s", "seconds that the slowest acknowledged operation took", true, slowest_s},
    {"outage-s", "longest time in seconds without any acknowledgement", true, outage_s},
    {"operations", "operations invoked", false, operations},
    {"acknowledged-outside-faults", "share of operations invoked outside faults that ended ok",
     false, acknowledged_outside_faults},
    {"throughput", "acknowledged operations a second outside faults", false, throughput},
    {"p99-s", "seconds that 99 of 100 operations acknowledged outside faults took at most", true,
     p99_s},
    {"availability",
     "share of whole seconds outside faults in which something asked was acknowledged", false,
     availability},
    {"recovery-s", "longest time in seconds from the end of faults to the next acknowledgement",
     true, recovery_s},
    {"contention", "share of operations that shared an object with another one in flight", false,
     contention},
}};

}  // namespace

std::span<const Measure> measures() { return table; }

const Measure* find_measure(std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(),
                                  [&](const Measure& measure) { return measure.name == name; });
  return found == table.end() ? nullptr : &*found;
}

std::vector<std::string> measure_names() {
  std::vector<std::string> names;
  for (const Measure& measure : table) names.emplace_back(measure.name);
  return names;
}

std::map<std::string, double> measures_of(const History& history) {
  std::map<std::string, double> values;
  for (const Measure& measure : table) values[std::string(measure.name)] = measure.of(history);
  return values;
}

std::map<std::string, std::uint64_t> in_flight_under_faults(const History& history) {
  const auto bands = fault_bands(history);
  std::map<std::string, std::uint64_t> counts;
  std::map<std::string, FaultTimes> times;
  for (const FaultBand& band : bands) {
    if (band.instant) continue;  // nothing can be in flight under what does not last
    counts.emplace(band.kind, 0);
    times.try_emplace(band.kind, bands, band.kind);
  }
  for (OpIndex op = 0; op < history.size(); ++op) {
    const Operation operation = history[op];
    const std::int64_t start = operation.invoked.count();
    const std::int64_t end =
        operation.completed == unknown_time ? start : operation.completed.count();
    for (const auto& [kind, faults] : times) {
      if (faults.meets(start, end)) ++counts[kind];
    }
  }
  return counts;
}

std::map<std::string, std::uint64_t> acknowledged_by_function(const History& history) {
  std::map<std::string, std::uint64_t> counts;
  for (OpIndex op = 0; op < history.size(); ++op) {
    const auto at = counts.try_emplace(std::string(history.function_name(history.function(op))), 0);
    if (history.outcome(op) == Outcome::ok) ++at.first->second;
  }
  return counts;
}

}  // namespace assay
