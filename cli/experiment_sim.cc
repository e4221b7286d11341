// Experiments in the simulated world.

#include <fmt/format.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "cli/experiment.h"
#include "cli/judgement.h"
#include "cli/outcome.h"
#include "cli/output.h"
#include "cli/sim_seeds.h"
#include "cli/simulation_output.h"
#include "cli/simulation_plan.h"
#include "harness/run_store.h"
#include "history/formats/format.h"

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

struct File {
  std::string name;
  std::string text;
};

Status write_files(const RunFolder& folder, const std::vector<File>& files) {
  for (const File& file : files) {
    if (file.text.empty()) continue;
    if (auto status = write_file(folder.file(file.name), file.text); !status.ok()) return status;
  }
  return {};
}

/// Writes the run's folder, which appears in the store whole or not at all.
Result<std::string> keep(const SimulationRun& run, const SimulationResult& result,
                         const RunSummary& summary, const RunRecord& record, Keep kept,
                         const std::string& store) {
  auto folder = RunFolder::stage(store, "sim", record.workload, record.seed);
  if (!folder.ok()) return folder.error();
  auto status = write_plan(folder->path(),
                           {run, failure_of(result), result.history.digest(), record.command});
  if (status.ok() && kept >= Keep::history) {
    const Certificate& certificate = result.check.certificate;
    status = write_history(result.history, folder->file("history.assay"), "assay");
    const std::string proof = certificate.empty() ? "" : to_json(certificate);
    if (status.ok()) {
      status = write_files(
          *folder, {{"certificate.json", proof},
                    {"verdict.json", render_json(summary, result.history, result.check,
                                                 proof.empty() ? "" : "certificate.json")}});
    }
  }
  if (status.ok() && kept == Keep::all) {
    status =
        write_files(*folder, {{"report.html", render_html(summary, result.history, result.check)}});
  }
  if (status.ok()) status = write_files(*folder, {{"summary.json", to_json(record)}});
  if (status.ok()) status = folder->publish();
  if (!status.ok()) return status.error();
  return std::filesystem::path(folder->path()).lexically_relative(store).string();
}

}  // namespace

Result<RunRecord> run_once_in_sim(const Experiment& experiment, std::uint64_t seed,
                                  const ExperimentOptions& options) {
  const SimFlags flags = flags_of(experiment, options);
  auto run = settings_of(flags, seed);
  if (!run.ok()) return run.error();
  run->check_timeout = experiment.check_timeout;
  RunSummary summary = summary_of(*run, command_of(flags, seed), "history.assay");
  summary.started = utc_now();
  summary.campaign = options.campaign;
  summary.experiment = experiment.name;
  const auto result = run_simulation(*run);
  if (!result.ok()) return result.error();
  RunRecord record = record_of(summary, result->history, result->check);
  const Keep kept =
      record.verdict == "pass" ? experiment.retention.passing : experiment.retention.failing;
  if (options.campaign.empty() || kept == Keep::nothing) return record;
  auto folder = keep(*run, *result, summary, record, kept, options.store);
  if (!folder.ok()) return folder.error();
  record.folder = *std::move(folder);
  return record;
}

Result<CampaignRow> run_in_sim(const Experiment& experiment, const ExperimentOptions& options) {
  Outcomes outcomes(experiment);
  std::mutex mutex;
  std::optional<Error> failure;
  const std::uint64_t seeds = experiment.sim.seeds.value_or(experiment.seeds);
  ExperimentOptions alone = options;
  alone.campaign.clear();
  for_each_number(options.jobs, experiment.seed, seeds, [&](std::uint64_t seed) {
    auto record = run_once_in_sim(experiment, seed, alone);
    const std::lock_guard lock(mutex);
    if (!record.ok()) {
      failure = record.error();
      return false;
    }
    outcomes.add(outcome_of(experiment, *record));
    return !outcomes.decided();
  });
  if (failure) return *failure;
  CampaignRow row;
  outcomes.fill(row);
  return row;
}

}  // namespace assay::cli
