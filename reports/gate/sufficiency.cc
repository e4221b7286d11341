#include "reports/gate/sufficiency.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

namespace assay::gate {
namespace {

using Runs = std::vector<const Run*>;

double measure_of(const Run& run, const std::string& name) {
  const auto at = run.measures.find(name);
  return at == run.measures.end() ? 0 : at->second;
}

/// The run in which the measure is most extreme. REQUIRES: runs is not empty.
const Run& extreme(const Runs& runs, const std::string& name, bool largest) {
  return **std::max_element(runs.begin(), runs.end(), [&](const Run* a, const Run* b) {
    const double left = measure_of(*a, name);
    const double right = measure_of(*b, name);
    return largest ? left < right : left > right;
  });
}

using Counter = std::map<std::string, std::uint64_t>;

Counter sum_of(const Runs& runs, Counter Run::*counter) {
  Counter sum;
  for (const Run* run : runs) {
    for (const auto& [name, count] : run->*counter) sum[name] += count;
  }
  return sum;
}

bool shows(const Run& run, const std::vector<std::string>& types) {
  if (run.verdict != "violation") return false;
  return types.empty() ||
         std::any_of(run.findings.begin(), run.findings.end(), [&](const Finding& finding) {
           return std::find(types.begin(), types.end(), finding.type) != types.end();
         });
}

class Vacuity {
 public:
  Vacuity(const Policy& policy, const Trial& trial) : policy_(policy), trial_(trial) {}

  std::vector<Row> rows() {
    for (const auto& [subject, runs] : trial_.groups()) {
      judge_each(runs);
      judge_together(runs);
    }
    return std::move(rows_);
  }

 private:
  void add(const Run& run, const std::string& message) {
    Row row = trial_.row(Rule::vacuous, run);
    row.message = message;
    rows_.push_back(std::move(row));
  }

  void judge_each(const Runs& runs) {
    const Run& least = extreme(runs, "operations", false);
    if (const double operations = measure_of(least, "operations");
        operations < static_cast<double>(policy_.operations)) {
      add(least, fmt::format("a run had {:.0f} operations, at least {} are demanded", operations,
                             policy_.operations));
    }
    const Run& refused = extreme(runs, "acknowledged-outside-faults", false);
    if (const double share = measure_of(refused, "acknowledged-outside-faults");
        share < policy_.acknowledged) {
      add(refused, fmt::format("of a run's operations outside faults {:.1f}% were acknowledged, at "
                               "least {:.1f}% are demanded",
                               100 * share, 100 * policy_.acknowledged));
    }
  }

  void judge_together(const Runs& runs) {
    const Counter acknowledged = sum_of(runs, &Run::acknowledged);
    for (const auto& [function, count] : acknowledged) {
      if (!policy_.every_function || count > 0) continue;
      add(*runs.front(), fmt::format("no {} was ever acknowledged", function));
    }
    const Counter in_flight = sum_of(runs, &Run::in_flight);
    for (const auto& [fault, demanded] : policy_.in_flight) {
      // An experiment without this fault has nothing to show under it.
      const bool planned = std::any_of(runs.begin(), runs.end(), [&](const Run* run) {
        return ("," + run->faults + ",").find("," + fault + ",") != std::string::npos;
      });
      const auto at = in_flight.find(fault);
      const std::uint64_t count = at == in_flight.end() ? 0 : at->second;
      if (!planned || count >= demanded) continue;
      add(*runs.front(), fmt::format("{} operations were in flight under {}, at least {} are "
                                     "demanded",
                                     count, fault, demanded));
    }
    double sum = 0;
    for (const Run* run : runs) sum += measure_of(*run, "contention");
    if (const double mean = sum / static_cast<double>(runs.size()); mean < policy_.contention) {
      add(*runs.front(),
          fmt::format("{:.1f}% of the operations met another one on their object, at "
                      "least {:.1f}% are demanded",
                      100 * mean, 100 * policy_.contention));
    }
  }

  const Policy& policy_;
  const Trial& trial_;
  std::vector<Row> rows_;
};

}  // namespace

std::vector<Row> canary_rows(const Question& question, const Trial& trial) {
  std::vector<Row> rows;
  std::uint64_t canaries = 0;
  for (const Planned& planned : question.planned) {
    if (!planned.canary) continue;
    ++canaries;
    std::uint64_t runs = 0;
    const Run* shown = nullptr;
    for (const Run* run : trial.all) {
      if (run->experiment != planned.experiment || !Trial::has_verdict(*run)) continue;
      ++runs;
      if (shown == nullptr && shows(*run, planned.expected)) shown = run;
    }
    Row row;
    row.rule = shown != nullptr ? Rule::canary_caught : Rule::canary_missed;
    row.exit_code = info_of(row.rule).exit_code;
    row.subject = planned.experiment;
    row.file = planned.file;
    row.line = planned.line;
    const std::string what = planned.expected.empty()
                                 ? "a violation"
                                 : fmt::format("{}", fmt::join(planned.expected, " or "));
    if (shown != nullptr) {
      row.run = shown->path;
      row.command = shown->command;
      row.message = fmt::format("must show {}, and does", what);
    } else {
      row.message = fmt::format(
          "must show {}, and none of {} runs did: a bug like it would pass "
          "here unseen",
          what, runs);
    }
    rows.push_back(std::move(row));
  }
  if (canaries < question.policy.canaries) {
    Row row;
    row.rule = Rule::canary_missed;
    row.exit_code = info_of(row.rule).exit_code;
    row.subject = "all runs";
    row.file = question.policy.file;
    row.message = fmt::format("{} canaries were run, at least {} are demanded", canaries,
                              question.policy.canaries);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Row> vacuity_rows(const Policy& policy, const Trial& trial) {
  return Vacuity(policy, trial).rows();
}

std::vector<Row> liveness_rows(const Policy& policy, const Trial& trial) {
  std::vector<Row> rows;
  for (const auto& [subject, runs] : trial.groups()) {
    const Run& slowest = extreme(runs, "recovery-s", true);
    if (const double took = measure_of(slowest, "recovery-s");
        policy.recovery_s && took > *policy.recovery_s) {
      Row row = trial.row(Rule::slow_recovery, slowest);
      row.message = fmt::format(
          "it took {:.3g} s from the end of faults to the next "
          "acknowledgement, at most {:.3g} s are allowed",
          took, *policy.recovery_s);
      rows.push_back(std::move(row));
    }
    const Run& worst = extreme(runs, "availability", false);
    if (const double share = measure_of(worst, "availability"); share < policy.availability) {
      Row row = trial.row(Rule::unavailable, worst);
      row.message = fmt::format(
          "answers came in {:.2f}% of the seconds outside faults, at least "
          "{:.2f}% are demanded",
          100 * share, 100 * policy.availability);
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

}  // namespace assay::gate
