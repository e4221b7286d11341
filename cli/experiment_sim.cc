// Experiments in the simulated world.

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>

#include "cli/experiment.h"
#include "cli/outcome.h"
#include "cli/sim_seeds.h"
#include "cli/simulation_output.h"

namespace assay::cli {
namespace {

SimFlags flags_of(const Experiment& experiment, const ExperimentOptions& options) {
  SimFlags flags;
  flags.options = experiment.options;
  const auto protocol = flags.options.extract("protocol");
  flags.protocol = protocol.empty() ? "raft" : protocol.mapped();
  flags.options.insert(experiment.workload_options.begin(), experiment.workload_options.end());
  flags.members = experiment.nodes;
  flags.threads = experiment.concurrency;
  flags.time_limit = exact_duration(experiment.sim.time_limit.value_or(experiment.time_limit));
  const auto interval =
      experiment.sim.fault_interval ? experiment.sim.fault_interval : experiment.fault_interval;
  if (interval) flags.fault_interval = exact_duration(*interval);
  flags.rate = experiment.sim.rate.value_or(experiment.rate);
  flags.workload = experiment.workload;
  flags.faults = experiment.sim.faults.value_or(experiment.faults);
  if (flags.faults.empty()) flags.faults = {"none"};
  flags.bugs = experiment.bugs;
  flags.models = experiment.models;
  flags.calm = experiment.weather != "drawn";
  flags.jobs = options.jobs;
  return flags;
}

RunOutcome outcome_of(const Experiment& experiment, const SimFlags& flags, std::uint64_t seed,
                      const SimulationResult& result) {
  RunOutcome outcome;
  outcome.seed = seed;
  outcome.verdict = name_of(result.check.verdict);
  if (!result.unsafe() && !result.outcome.stuck.empty()) outcome.verdict = no_progress;
  for (const Anomaly& anomaly : result.check.anomalies) {
    outcome.add_anomaly(anomaly.type);
  }
  outcome.because = words_of(result);
  outcome.command = command_of(flags, seed);
  outcome.measures = measure(experiment, result.history);
  return outcome;
}

}  // namespace

Result<CampaignRow> run_in_sim(const Experiment& experiment, const ExperimentOptions& options) {
  const SimFlags flags = flags_of(experiment, options);
  Outcomes outcomes(experiment);
  std::mutex mutex;
  std::optional<Error> failure;
  const std::uint64_t seeds = experiment.sim.seeds.value_or(experiment.seeds);
  for_each_seed(flags, experiment.seed, seeds, [&](std::uint64_t seed) {
    auto run = settings_of(flags, seed);
    auto result = run.ok() ? run_simulation(*run) : Result<SimulationResult>(run.error());
    const std::lock_guard lock(mutex);
    if (!result.ok()) {
      failure = result.error();
      return false;
    }
    outcomes.add(outcome_of(experiment, flags, seed, *result));
    return !outcomes.decided();
  });
  if (failure) return *failure;
  CampaignRow row;
  outcomes.fill(row);
  return row;
}

}  // namespace assay::cli
