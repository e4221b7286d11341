#include "reports/gate/performance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "reports/gate/statistics.h"

namespace assay::gate {
namespace {

constexpr double doubt = 0.05;

struct Compared {
  std::string_view measure;  ///< reports/measures.h
  std::string_view unit;
  bool less_is_better;
  std::optional<PerformanceLimit> Policy::*limit;
};
constexpr std::array compared{
    Compared{"throughput", "/s", false, &Policy::throughput},
    Compared{"p99-s", " s", true, &Policy::p99},
};

/// Of passing runs: one that was stopped at a violation says nothing of speed.
std::vector<double> values_of(const std::vector<const Run*>& runs, std::string_view measure) {
  std::vector<double> values;
  for (const Run* run : runs) {
    if (run->verdict != "pass") continue;
    const auto at = run->measures.find(std::string(measure));
    if (at != run->measures.end()) values.push_back(at->second);
  }
  return values;
}

/// The values of the baseline as bad as they may have become. In both cases small means bad.
struct Sides {
  std::vector<double> now;
  std::vector<double> allowed;
};
Sides sides_of(const Compared& each, double worse, const std::vector<double>& now,
               const std::vector<double>& before) {
  Sides sides;
  const double sign = each.less_is_better ? -1 : 1;
  const double factor = each.less_is_better ? 1 + worse : 1 - worse;
  for (const double value : now) sides.now.push_back(sign * value);
  for (const double value : before) sides.allowed.push_back(sign * factor * value);
  return sides;
}

}  // namespace

std::vector<Row> performance_rows(const Question& question, const Trial& trial) {
  std::vector<Row> rows;
  for (const auto& [subject, runs] : trial.groups()) {
    const Performance* known = question.baseline.performance_of(question.runner, subject);
    for (const Compared& each : compared) {
      const auto& limit = question.policy.*each.limit;
      if (!limit) continue;
      const auto now = values_of(runs, each.measure);
      std::vector<double> before;
      if (known != nullptr) {
        const auto at = known->values.find(std::string(each.measure));
        if (at != known->values.end()) before = at->second;
      }
      const bool enough = now.size() >= limit->runs && before.size() >= limit->runs &&
                          smallest_chance(now.size(), before.size()) <= doubt;
      if (!enough) {
        Row row = trial.row(Rule::not_compared, *runs.front());
        row.message = fmt::format(
            "{} of {} runs, {} in the baseline for '{}': the policy compares {}; "
            "`assay gate --update-baseline` takes these",
            each.measure, now.size(), before.size(), question.runner, limit->runs);
        rows.push_back(std::move(row));
        continue;
      }
      const Sides sides = sides_of(each, limit->worse, now, before);
      const double chance = chance_of_smaller(sides.now, sides.allowed);
      if (median(sides.now) >= median(sides.allowed) || chance > doubt) continue;
      Row row = trial.row(Rule::slower, *runs.front());
      const double was = median(before);
      const double is = median(now);
      row.message = fmt::format(
          "{} is {:.4g}{} (median of {} runs), it was {:.4g}{} ({} runs): {:+.1f}%, {:.1f}% are "
          "allowed, and chance explains less in {:.2g}% of cases",
          each.measure, is, each.unit, now.size(), was, each.unit, before.size(),
          100 * (is - was) / was, 100 * limit->worse, 100 * chance);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

void take_performance(const Question& question, const Trial& trial, Baseline& baseline) {
  for (const auto& [subject, runs] : trial.groups()) {
    Performance taken{question.runner, subject, {}};
    for (const Compared& each : compared) {
      taken.values[std::string(each.measure)] = values_of(runs, each.measure);
    }
    std::erase_if(baseline.performance, [&](const Performance& known) {
      return known.runner == taken.runner && known.subject == taken.subject;
    });
    baseline.performance.push_back(std::move(taken));
  }
}

}  // namespace assay::gate
