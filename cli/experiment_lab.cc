// Experiments in the lab: each run is a process of its own, so that nothing it does can end the
// campaign, and is kept in the store as any other run.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "cli/experiment.h"
#include "cli/history_input.h"
#include "cli/outcome.h"
#include "cli/output.h"
#include "harness/lab/subprocess.h"

namespace assay::cli {
namespace {

constexpr Nanos overhead = std::chrono::minutes(5);  // bringing up, checking

std::vector<std::string> arguments_of(const Experiment& experiment, std::uint64_t seed,
                                      const std::string& store) {
  std::vector<std::string> words{"run", experiment.target, "--workload", experiment.workload};
  const auto add = [&words](const std::string& flag, const std::string& value) {
    words.push_back("--" + flag);
    words.push_back(value);
  };
  add("nodes", std::to_string(experiment.nodes));
  if (experiment.concurrency > 0) add("concurrency", std::to_string(experiment.concurrency));
  for (const auto& [name, value] : experiment.options) add(name, value);
  for (const auto& [name, value] : experiment.workload_options) add(name, value);
  if (!experiment.bugs.empty()) add("bug", fmt::format("{}", fmt::join(experiment.bugs, ",")));
  for (const std::string& model : experiment.models) add("model", model);
  const auto faults = experiment.lab.faults.value_or(experiment.faults);
  if (!faults.empty()) add("nemesis", fmt::format("{}", fmt::join(faults, ",")));
  const auto interval =
      experiment.lab.fault_interval ? experiment.lab.fault_interval : experiment.fault_interval;
  if (interval) add("nemesis-interval", exact_duration(*interval));
  const std::string rate = experiment.lab.rate.value_or(experiment.rate);
  if (!rate.empty()) add("rate", rate);
  add("time-limit", exact_duration(experiment.lab.time_limit.value_or(experiment.time_limit)));
  add("seed", std::to_string(seed));
  add("store", store);
  words.emplace_back("--keep-lab");
  words.emplace_back("--quiet");
  return words;
}

Result<RunOutcome> outcome_of(const Experiment& experiment, const std::string& folder) {
  const auto text = read_text(folder + "/verdict.json");
  if (!text.ok()) return text.error();
  RunOutcome outcome;
  try {
    const auto verdict = nlohmann::json::parse(*text);
    outcome.verdict = verdict.at("verdict").get<std::string>();
    for (const auto& anomaly : verdict.at("anomalies")) {
      const auto type = anomaly.at("type").get<std::string>();
      if (outcome.anomalies.empty()) outcome.because = anomaly.at("explanation").get<std::string>();
      outcome.add_anomaly(type);
    }
    if (verdict.at("unknown_because").is_string() && outcome.verdict == "unknown") {
      outcome.because = verdict.at("unknown_because").get<std::string>();
    }
  } catch (const nlohmann::json::exception& error) {
    return Error{ErrorKind::bad_data, folder + "/verdict.json: " + error.what()};
  }
  const auto history = read_history(folder + "/history.assay", {});
  if (!history.ok()) return history.error();
  outcome.measures = measure(experiment, *history);
  return outcome;
}

}  // namespace

Result<CampaignRow> run_in_lab(const Experiment& experiment, const ExperimentOptions& options) {
  Outcomes outcomes(experiment);
  const std::uint64_t runs = experiment.lab.seeds.value_or(1);
  for (std::uint64_t i = 0; i < runs && !outcomes.decided(); ++i) {
    const std::uint64_t seed = experiment.seed + i;
    Subprocess run;
    run.command = arguments_of(experiment, seed, options.store);
    std::string words = "assay";
    for (const std::string& word : run.command) words += " " + shell_word(word);
    run.command.insert(run.command.begin(), options.program);
    run.timeout = experiment.lab.time_limit.value_or(experiment.time_limit) + overhead;
    auto ended = run_subprocess(run);
    if (!ended.ok()) return ended.error();
    // 0, 1 and 2 are verdicts; anything else says why there is none.
    if (ended->exit_status > 2) {
      return Error{ErrorKind::unavailable,
                   fmt::format("{} ended with {}: {}", words, ended->exit_status, ended->output)};
    }
    auto outcome = outcome_of(experiment, options.store + "/latest");
    if (!outcome.ok()) return outcome.error();
    outcome->seed = seed;
    outcome->command = words;
    outcomes.add(*std::move(outcome));
  }
  CampaignRow row;
  outcomes.fill(row);
  return row;
}

}  // namespace assay::cli
