// Experiments in the lab: each run is a process of its own, so that nothing it does can end the
// campaign, and is kept in the store as any other run.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/experiment.h"
#include "cli/output.h"
#include "harness/lab/subprocess.h"
#include "harness/run_index.h"

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
  if (!experiment.suite.empty()) add("suite", experiment.suite);
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
  if (experiment.check_timeout) {
    add("check-timeout", exact_duration(*experiment.check_timeout));
  }
  words.emplace_back("--keep-lab");
  words.emplace_back("--quiet");
  return words;
}

/// Takes away what the experiment does not want kept. The record stays as it is.
Status retain(const RunRecord& record, Keep kept, const std::string& store) {
  if (kept == Keep::nothing) return remove_run(store, record.folder);
  std::vector<std::string> gone;
  if (kept < Keep::all) gone = {"report.html", "junit.xml", "logs", "faults.jsonl"};
  if (kept < Keep::history) {
    gone.insert(gone.end(), {"history.assay", "certificate.json", "verdict.json"});
  }
  for (const std::string& name : gone) {
    const std::string path = store + "/" + record.folder + "/" + name;
    std::error_code failure;
    std::filesystem::remove_all(path, failure);
    if (failure) {
      return Error{ErrorKind::cannot_write, "cannot remove '" + path + "': " + failure.message()};
    }
  }
  return {};
}

/// The run that `latest` points at.
Result<RunRecord> newest_record(const std::string& store) {
  std::error_code failure;
  const auto target = std::filesystem::read_symlink(store + "/latest", failure);
  if (failure) return Error{ErrorKind::no_input, store + "/latest: " + failure.message()};
  return read_run_record(store, target.string());
}

}  // namespace

Result<RunRecord> run_once_in_lab(const Experiment& experiment, std::uint64_t seed,
                                  const ExperimentOptions& options) {
  Subprocess run;
  run.command = arguments_of(experiment, seed, options.store);
  std::string words = "assay";
  for (const std::string& word : run.command) words += " " + shell_word(word);
  if (!options.campaign.empty()) {
    run.command.insert(run.command.end(),
                       {"--campaign", options.campaign, "--experiment", experiment.name});
  }
  run.command.insert(run.command.begin(), options.program);
  run.timeout = experiment.lab.time_limit.value_or(experiment.time_limit) + overhead;
  std::string failure;
  for (std::uint64_t attempt = 0; attempt <= experiment.retries; ++attempt) {
    auto ended = run_subprocess(run);
    // 0, 1 and 2 are verdicts; anything else says why there is none. A violation is never tried
    // again: one witness is a proof.
    if (!ended.ok()) {
      failure = ended.error().message;
      continue;
    }
    if (ended->exit_status > 2) {
      failure =
          fmt::format("{} ended with {}: {}", words, ended->exit_status, last_words(ended->output));
      if (ended->exit_status == static_cast<int>(ErrorKind::usage)) break;
      continue;
    }
    auto record = newest_record(options.store);
    if (!record.ok()) return record.error();
    record->command = words;
    record->experiment = experiment.name;
    const Keep kept =
        record->verdict == "pass" ? experiment.retention.passing : experiment.retention.failing;
    if (auto status = retain(*record, kept, options.store); !status.ok()) return status.error();
    if (kept == Keep::nothing) record->folder.clear();
    return record;
  }
  RunRecord record;
  record.target = experiment.target;
  record.workload = experiment.workload;
  record.faults = experiment.lab.faults.value_or(experiment.faults);
  record.seed = seed;
  record.started = utc_now();
  record.verdict = unfinished;
  record.unknown_because = failure;
  record.campaign = options.campaign;
  record.experiment = experiment.name;
  record.command = words;
  return record;
}

}  // namespace assay::cli
