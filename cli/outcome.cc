#include "cli/outcome.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "cli/simulation_run.h"
#include "reports/measures.h"

namespace assay::cli {
namespace {

void keep_first(std::optional<RunOutcome>& kept, const RunOutcome& outcome) {
  if (!kept || outcome.seed < kept->seed) kept = outcome;
}

/// "violation: lost-update (3), G2-item (2)", with the operations of each smallest witness.
std::string words_of(const RunOutcome& outcome) {
  std::string words = outcome.verdict;
  for (const ShownAnomaly& anomaly : outcome.anomalies) {
    words += (&anomaly == &outcome.anomalies.front() ? ": " : ", ") + anomaly.type;
    if (anomaly.witness > 0) words += fmt::format(" ({})", anomaly.witness);
  }
  return words;
}

bool holds_in(const RunOutcome& outcome, const std::string& model) {
  const auto at = outcome.models.find(model);
  return at != outcome.models.end() && at->second == "pass";
}

}  // namespace

RunOutcome outcome_of(const Experiment& experiment, const RunRecord& record) {
  RunOutcome outcome;
  outcome.seed = record.seed;
  outcome.verdict = record.verdict;
  outcome.because = record.unknown_because;
  outcome.command = record.command;
  for (const Finding& finding : record.findings) {
    if (outcome.because.empty()) outcome.because = finding.claim;
    outcome.add_anomaly({finding.type, finding.witness});
  }
  outcome.models = record.models;
  const auto& shown = outcome.anomalies;
  const bool all_of_simulator =
      std::all_of(shown.begin(), shown.end(),
                  [](const ShownAnomaly& anomaly) { return is_finding(anomaly.type); });
  const bool stuck = std::any_of(shown.begin(), shown.end(), [](const ShownAnomaly& anomaly) {
    return anomaly.type == no_progress;
  });
  if (all_of_simulator && stuck) outcome.verdict = no_progress;
  if (!experiment.study.empty()) outcome.measures = record.measures;
  for (const MeasureBound& bound : experiment.measures) {
    const auto at = record.measures.find(bound.name);
    if (at != record.measures.end()) outcome.measures[bound.name] = at->second;
  }
  return outcome;
}

bool is_within(const MeasureBound& bound, double value) {
  return (!bound.above || value > *bound.above) && (!bound.below || value < *bound.below);
}

std::string words_of(const std::vector<MeasureBound>& bounds) {
  std::vector<std::string> words;
  for (const MeasureBound& bound : bounds) {
    if (bound.above) words.push_back(fmt::format("{} above {:g}", bound.name, *bound.above));
    if (bound.below) words.push_back(fmt::format("{} below {:g}", bound.name, *bound.below));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

void RunOutcome::add_anomaly(const ShownAnomaly& anomaly) {
  const auto known =
      std::find_if(anomalies.begin(), anomalies.end(),
                   [&](const ShownAnomaly& each) { return each.type == anomaly.type; });
  if (known == anomalies.end()) {
    anomalies.push_back(anomaly);
  } else {
    known->witness = std::min(known->witness, anomaly.witness);
  }
}

bool Outcomes::is_wanted(const ShownAnomaly& anomaly) const {
  const auto& types = experiment_.anomalies;
  const bool is_named =
      types.empty() || std::find(types.begin(), types.end(), anomaly.type) != types.end();
  const bool is_small =
      experiment_.witness == 0 || (anomaly.witness > 0 && anomaly.witness <= experiment_.witness);
  return is_named && is_small;
}

bool Outcomes::is_wanted(const RunOutcome& outcome) const {
  if (outcome.verdict != name_of(experiment_.expected)) return false;
  const bool any_anomaly = experiment_.anomalies.empty() && experiment_.witness == 0;
  return (any_anomaly ||
          std::any_of(outcome.anomalies.begin(), outcome.anomalies.end(),
                      [&](const ShownAnomaly& anomaly) { return is_wanted(anomaly); })) &&
         std::all_of(experiment_.holds.begin(), experiment_.holds.end(),
                     [&](const std::string& model) { return holds_in(outcome, model); });
}

void Outcomes::add(RunOutcome outcome) {
  ++runs_;
  for (const auto& [name, value] : outcome.measures) {
    const auto [at, first] = measures_.emplace(name, value);
    if (first) continue;
    at->second =
        find_measure(name)->largest ? std::max(at->second, value) : std::min(at->second, value);
  }
  keep_first(is_wanted(outcome) ? wanted_ : unwanted_, outcome);
}

bool Outcomes::measures_hold() const {
  return std::all_of(experiment_.measures.begin(), experiment_.measures.end(),
                     [&](const MeasureBound& bound) {
                       const auto at = measures_.find(bound.name);
                       return at != measures_.end() && is_within(bound, at->second);
                     });
}

bool Outcomes::decided() const {
  // How often what must not be is seen is worth knowing: every run of a pass is made.
  if (experiment_.expected == Expected::pass) return false;
  return wanted_.has_value() && measures_hold();
}

void Outcomes::fill(CampaignRow& row) const {
  const bool all = experiment_.expected == Expected::pass;
  const std::optional<RunOutcome>& decisive = all && unwanted_ ? unwanted_ : wanted_;
  row.runs = runs_;
  row.measures.assign(measures_.begin(), measures_.end());
  row.as_expected = wanted_.has_value() && !(all && unwanted_) && measures_hold();
  if (row.as_expected) {
    for (const ShownAnomaly& anomaly : wanted_->anomalies) {
      if (!is_wanted(anomaly) || (!row.anomaly.empty() && row.witness <= anomaly.witness)) continue;
      row.anomaly = anomaly.type;
      row.witness = anomaly.witness;
    }
  }
  // Where nothing decided it, what came out instead.
  if (const auto& told = decisive ? decisive : unwanted_) {
    row.verdict = words_of(*told);
    for (const std::string& model : experiment_.holds) {
      const auto at = told->models.find(model);
      const std::string verdict = at == told->models.end() ? "not checked" : at->second;
      row.verdict += "; " + model + (verdict == "pass" ? " holds" : ": " + verdict);
    }
    row.because = told->because;
    row.command = told->command;
  }
  row.expected = name_of(experiment_.expected);
  if (!experiment_.anomalies.empty()) {
    row.expected += fmt::format(" ({})", fmt::join(experiment_.anomalies, " or "));
  }
  if (experiment_.witness > 0) {
    row.expected += fmt::format(" of at most {} operations", experiment_.witness);
  }
  for (const std::string& model : experiment_.holds) row.expected += "; " + model + " holds";
  if (experiment_.measures.empty()) return;
  const std::string bounds = words_of(experiment_.measures);
  row.expected = experiment_.study.empty() ? row.expected + ", " + bounds : bounds;
}

}  // namespace assay::cli
