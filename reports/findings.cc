#include "reports/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "base/assert.h"
#include "reports/escape.h"
#include "reports/faults.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr double doubt = 0.05;

/// FNV-1a, 64 bits, of which 48 are shown: the chance that two of a thousand findings meet is below
/// one in 500 million, and a fingerprint is a name, not a proof.
std::string digest(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3U;
  }
  return fmt::format("{:012x}", (hash ^ (hash >> 48U)) & 0xFFFFFFFFFFFFU);
}

/// What makes one operation come before another, by strength: a path is as strong as its strongest
/// step, however long it is.
enum class Order : std::uint8_t { data, session, real_time, missed };

constexpr std::array<std::string_view, 4> order_names{"data", "session", "real-time", "missed"};

/// Rules of all checkers; what is not listed is about data.
Order order_of(std::string_view rule) {
  if (rule == "rw" || rule == "overwritten" || rule == "initial") return Order::missed;
  if (rule == "realtime" || rule == "real-time") return Order::real_time;
  if (rule == "process" || rule == "session") return Order::session;
  return Order::data;
}

std::string orders_text(const std::vector<Order>& orders) {
  std::string text;
  for (const Order order : orders) {
    text += (text.empty() ? "" : " ") + std::string(order_names[static_cast<std::size_t>(order)]);
  }
  return text;
}

/// The cycle as what was missed (a read that did not see a write) and the paths that lead back to
/// it, from the place that makes the smallest text. How long a path is and how many writes in a row
/// were missed is chance: neither makes another bug.
std::string cycle_shape(const Anomaly& anomaly) {
  std::vector<Order> orders;
  for (const Step& step : anomaly.steps) orders.push_back(order_of(step.rule));
  // From a missed write on, so that no path goes over the end.
  std::rotate(orders.begin(), std::find(orders.begin(), orders.end(), Order::missed), orders.end());
  std::vector<Order> parts;
  for (const Order order : orders) {
    const bool new_part =
        parts.empty() || (order == Order::missed) != (parts.back() == Order::missed);
    if (new_part) {
      parts.push_back(order);
    } else {
      parts.back() = std::max(parts.back(), order);
    }
  }
  const bool wraps = parts.size() > 1 && parts.front() == parts.back();
  if (wraps) parts.pop_back();
  std::string smallest = orders_text(parts);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    std::rotate(parts.begin(), parts.begin() + 1, parts.end());
    smallest = std::min(smallest, orders_text(parts));
  }
  return smallest;
}

/// The functions of a witness that has no steps, each once.
std::string shape_of(const History& history, const Anomaly& anomaly) {
  if (!anomaly.steps.empty()) return cycle_shape(anomaly);
  std::set<std::string> functions;
  for (const OpIndex op : witness_operations(history, anomaly)) {
    functions.emplace(history.function_name(history.function(op)));
  }
  std::string text;
  for (const std::string& function : functions) text += (text.empty() ? "" : " ") + function;
  return text;
}

std::string label_at(const History& history, std::uint64_t event) {
  const auto operation = operation_invoked_at(history, event);
  return operation ? operation_label(history, history[*operation]) : fmt::format("event {}", event);
}

std::vector<std::string> steps_of(const History& history, const Anomaly& anomaly) {
  constexpr std::size_t steps_max = 12;
  constexpr std::size_t label_max = 80;
  std::vector<std::string> steps;
  for (const Step& step : anomaly.steps) {
    if (steps.size() == steps_max) {
      steps.push_back(fmt::format("… and {} more steps", anomaly.steps.size() - steps_max));
      break;
    }
    const std::string before = clip(visible(label_at(history, step.before)), label_max);
    const std::string after = clip(visible(label_at(history, step.after)), label_max);
    steps.push_back(fmt::format("({}) comes before ({}), because {}", before, after, step.because));
  }
  return steps;
}

/// The faults in force when the first operation of the witness was invoked.
std::string faults_at(const History& history, const Anomaly& anomaly,
                      const std::vector<FaultBand>& bands) {
  const auto operations = witness_operations(history, anomaly);
  if (operations.empty()) return "";
  const Operation first = history[operations.front()];
  const std::int64_t moment =
      has_times(history) ? first.invoked.count() : static_cast<std::int64_t>(first.invoke_event);
  std::set<std::string> kinds;
  for (const FaultBand& band : bands) {
    if (!band.instant && band.from <= moment && moment <= band.to) kinds.insert(band.kind);
  }
  std::string text;
  for (const std::string& kind : kinds) text += (text.empty() ? "" : ",") + kind;
  return text;
}

Finding identified(const RunSummary& run, std::string_view datatype, Finding finding) {
  // A separator that no name holds, so that no two lists of names meet.
  const std::string common = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", run.target, run.configuration,
                                         run.workload, datatype, finding.type, finding.model);
  finding.family = digest(common);
  finding.fingerprint = digest(common + "\n" + finding.shape);
  return finding;
}

/// The chance of `seen` or more in `runs` if each shows it with chance `share`. O(runs).
double chance_of_at_least(std::uint64_t seen, std::uint64_t runs, double share) {
  double sum = 0;
  for (std::uint64_t k = seen; k <= runs; ++k) {
    const auto n = static_cast<double>(runs);
    const auto i = static_cast<double>(k);
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) +
                    i * std::log(share) + (n - i) * std::log1p(-share));
  }
  return sum;
}

}  // namespace

std::vector<Finding> findings_of(const RunSummary& run, const History& history,
                                 const CheckResult& result) {
  const auto bands = fault_bands(history);
  std::map<std::string, Finding> findings;
  for (const Anomaly& anomaly : result.anomalies) {
    Finding finding;
    finding.type = anomaly.type;
    finding.model = anomaly.model;
    finding.shape = shape_of(history, anomaly);
    finding = identified(run, result.datatype, std::move(finding));
    finding.witness = anomaly.witness.size();
    Finding& kept = findings[finding.fingerprint];
    finding.count = kept.count + 1;
    if (kept.count > 0 && kept.witness <= finding.witness) {
      kept.count = finding.count;
      continue;
    }
    finding.claim = claim_of(anomaly);
    finding.steps = steps_of(history, anomaly);
    finding.faults = faults_at(history, anomaly, bands);
    kept = std::move(finding);
  }
  std::vector<Finding> list;
  for (auto& [fingerprint, finding] : findings) list.push_back(std::move(finding));
  return list;
}

double largest_share_unseen(std::uint64_t clean) {
  return clean == 0 ? 1 : 1 - std::pow(doubt, 1 / static_cast<double>(clean));
}

double smallest_share(std::uint64_t seen, std::uint64_t runs) {
  ASSAY_ASSERT(seen <= runs);
  if (seen == 0) return 0;
  double low = 0;
  double high = 1;
  constexpr int halvings = 50;
  for (int i = 0; i < halvings; ++i) {
    const double middle = (low + high) / 2;
    (chance_of_at_least(seen, runs, middle) < doubt ? low : high) = middle;
  }
  return low;
}

std::uint64_t clean_runs_needed(std::uint64_t seen, std::uint64_t runs) {
  ASSAY_ASSERT(seen > 0);
  const double share = smallest_share(seen, runs);
  return static_cast<std::uint64_t>(std::ceil(std::log(doubt) / std::log1p(-share)));
}

Trend trend_of(const std::vector<bool>& shown) {
  Trend trend;
  trend.runs = shown.size();
  trend.seen = static_cast<std::uint64_t>(std::count(shown.begin(), shown.end(), true));
  const auto last = std::find(shown.rbegin(), shown.rend(), true);
  trend.clean = static_cast<std::uint64_t>(last - shown.rbegin());
  if (trend.seen > 0) trend.needed = clean_runs_needed(trend.seen, trend.runs - trend.clean);
  return trend;
}

std::string words_of(const Trend& trend) {
  if (trend.seen == 0) {
    return fmt::format("not seen in {} runs: with 95% confidence in fewer than {:.2g}% of them",
                       trend.runs, 100 * largest_share_unseen(trend.runs));
  }
  std::string text = fmt::format("seen in {} of {} runs", trend.seen, trend.runs);
  if (trend.gone()) return text + fmt::format("; gone: {} clean runs since", trend.clean);
  const std::uint64_t left = trend.needed - trend.clean;
  return text + fmt::format("; {} {}clean {} would show with 95% confidence that it is gone", left,
                            trend.clean > 0 ? "more " : "", left == 1 ? "run" : "runs");
}

std::vector<FindingOverRuns> findings_over(const std::vector<RunRecord>& records) {
  // A run that was not checked to its end is neither clean nor not.
  const auto decided = [](const RunRecord& record) {
    return record.verdict == "pass" || record.verdict == "violation";
  };
  std::vector<FindingOverRuns> found;
  std::map<std::string, std::size_t> places;
  for (const RunRecord& record : records) {
    for (const Finding& finding : record.findings) {
      if (places.try_emplace(finding.fingerprint, found.size()).second) {
        found.push_back({finding, record, {}, {}});
      }
    }
  }
  for (FindingOverRuns& each : found) {
    std::vector<bool> shown;
    for (auto record = records.rbegin(); record != records.rend(); ++record) {
      const bool alike =
          std::tie(record->target, record->configuration, record->workload) ==
          std::tie(each.newest.target, each.newest.configuration, each.newest.workload);
      if (!alike || !decided(*record)) continue;
      shown.push_back(std::any_of(
          record->findings.begin(), record->findings.end(),
          [&](const Finding& finding) { return finding.fingerprint == each.finding.fingerprint; }));
      each.occasions.push_back({record->folder, record->started, shown.back()});
    }
    each.trend = trend_of(shown);
  }
  return found;
}

}  // namespace assay
