#include "cli/measures.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace assay::cli {
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

constexpr std::array<Measure, 6> table{{
    {"acknowledged", "share of operations that ended ok", false, acknowledged},
    {"refused", "share of operations that certainly did not happen", true, refused},
    {"in-doubt", "share of operations whose fate is unknown", true, in_doubt},
    {"median-s", "seconds that half of the acknowledged operations took at most", true, median_s},
    {"slowest-s", "seconds that the slowest acknowledged operation took", true, slowest_s},
    {"outage-s", "longest time in seconds without any acknowledgement", true, outage_s},
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

}  // namespace assay::cli
