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

std::string words_of(const RunOutcome& outcome) {
  if (outcome.anomalies.empty()) return outcome.verdict;
  return fmt::format("{}: {}", outcome.verdict, fmt::join(outcome.anomalies, ", "));
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
    outcome.add_anomaly(finding.type);
  }
  const bool all_of_simulator =
      std::all_of(outcome.anomalies.begin(), outcome.anomalies.end(), is_finding);
  const bool stuck = std::find(outcome.anomalies.begin(), outcome.anomalies.end(), no_progress) !=
                     outcome.anomalies.end();
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

void RunOutcome::add_anomaly(const std::string& type) {
  if (std::find(anomalies.begin(), anomalies.end(), type) == anomalies.end()) {
    anomalies.push_back(type);
  }
}

bool Outcomes::is_wanted(const RunOutcome& outcome) const {
  if (outcome.verdict != name_of(experiment_.expected)) return false;
  const auto& types = experiment_.anomalies;
  return types.empty() ||
         std::any_of(outcome.anomalies.begin(), outcome.anomalies.end(), [&](const auto& type) {
           return std::find(types.begin(), types.end(), type) != types.end();
         });
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
  // Where nothing decided it, what came out instead.
  if (const auto& told = decisive ? decisive : unwanted_) {
    row.verdict = words_of(*told);
    row.because = told->because;
    row.command = told->command;
  }
  row.expected = name_of(experiment_.expected);
  if (!experiment_.anomalies.empty()) {
    row.expected += fmt::format(" ({})", fmt::join(experiment_.anomalies, " or "));
  }
  if (experiment_.measures.empty()) return;
  const std::string bounds = words_of(experiment_.measures);
  row.expected = experiment_.study.empty() ? row.expected + ", " + bounds : bounds;
}

}  // namespace assay::cli
