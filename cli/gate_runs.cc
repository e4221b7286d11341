#include "cli/gate_runs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "checker/certificate/bundle.h"
#include "checker/certificate/verify.h"
#include "cli/campaign_ledger.h"
#include "cli/history_input.h"
#include "cli/runs.h"
#include "cli/simulation_plan.h"
#include "harness/run_record.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

gate::Run run_of(const std::string& store, const RunRecord& record) {
  gate::Run run;
  if (!record.folder.empty()) run.path = store + "/" + record.folder;
  run.system = {record.target, record.configuration, record.workload};
  run.experiment = record.experiment;
  run.faults = fmt::format("{}", fmt::join(record.faults, ","));
  run.verdict = record.verdict;
  run.because = record.unknown_because;
  if (record.verdict == unfinished && run.because.empty()) run.because = "it was not finished";
  run.command = record.command;
  run.started = record.started;
  run.findings = record.findings;
  run.measures = record.measures;
  run.in_flight = record.in_flight;
  run.acknowledged = record.acknowledged;
  return run;
}

Status add_campaign(const std::string& store, const std::string& folder, GateRuns& all) {
  const auto ledger = read_ledger(folder);
  if (!ledger.ok()) return ledger.error();
  for (const RunRecord& record : ledger->runs) all.runs.push_back(run_of(store, record));
  for (gate::Planned planned : ledger->header.planned) {
    // What the budget left out was left out on purpose; but something must have been run.
    if (ledger->out_of_budget) planned.runs = std::min<std::uint64_t>(planned.runs, 1);
    const auto same = std::find_if(
        all.planned.begin(), all.planned.end(),
        [&](const gate::Planned& each) { return each.experiment == planned.experiment; });
    // Shards of one campaign plan parts of the same experiment.
    if (same == all.planned.end()) {
      all.planned.push_back(std::move(planned));
    } else {
      same->runs += planned.runs;
    }
  }
  if (all.policy.empty()) all.policy = ledger->header.policy;
  if (all.baseline.empty()) all.baseline = ledger->header.baseline;
  return {};
}

/// The folder of a campaign if that is what the word names, else nothing.
std::string campaign_named(const std::string& store, const std::string& word) {
  for (const fs::path& path : {fs::path(store) / "campaigns" / word, fs::path(word)}) {
    if (fs::exists(path / "ledger.jsonl")) return path.string();
  }
  return "";
}

/// Runs the simulation again: the same history shows the same anomaly, or it was none.
gate::Confirmation confirm_simulation(const std::string& path, std::string& why) {
  const auto recorded = read_plan(path);
  if (!recorded.ok() || recorded->failure.type.empty()) return gate::Confirmation::impossible;
  const auto again = run_simulation(recorded->run);
  if (!again.ok()) return gate::Confirmation::impossible;
  if (again->history.digest() != recorded->digest) {
    why = "the simulation made another history this time";
    return gate::Confirmation::refuted;
  }
  if (shows(*again, recorded->failure)) return gate::Confirmation::confirmed;
  why = "the simulation does not show it again";
  return gate::Confirmation::refuted;
}

}  // namespace

Result<GateRuns> runs_to_judge(const std::string& store, const std::vector<std::string>& wanted) {
  GateRuns all;
  if (wanted.empty()) {
    const auto newest = newest_campaign(store, "");
    if (!newest.ok()) {
      return Error{newest.error().kind,
                   newest.error().message + "; name the folders of runs or campaigns to judge"};
    }
    if (auto status = add_campaign(store, *newest, all); !status.ok()) return status.error();
    return all;
  }
  std::vector<RunRecord> records;
  for (const std::string& word : wanted) {
    if (const std::string campaign = campaign_named(store, word); !campaign.empty()) {
      if (auto status = add_campaign(store, campaign, all); !status.ok()) return status.error();
      continue;
    }
    const auto folder = folder_in_store(store, word);
    if (!folder.ok()) return folder.error();
    auto record = read_run_record(store, *folder);
    if (!record.ok()) return record.error();
    // Named by hand, it stands for itself.
    record->experiment.clear();
    records.push_back(*std::move(record));
  }
  std::stable_sort(records.begin(), records.end(),
                   [](const RunRecord& a, const RunRecord& b) { return a.started < b.started; });
  for (const RunRecord& record : records) all.runs.push_back(run_of(store, record));
  return all;
}

gate::Confirmation confirm_run(const std::string& path, std::string& why) {
  if (path.empty()) return gate::Confirmation::impossible;
  const auto text = read_text(path + "/certificate.json");
  if (!text.ok()) {
    return is_simulation(path) ? confirm_simulation(path, why) : gate::Confirmation::impossible;
  }
  const auto history = read_history(path + "/history.assay", {});
  if (!history.ok()) return gate::Confirmation::impossible;
  const auto certificates = bundle_from_json(*text);
  if (!certificates.ok()) {
    why = certificates.error().message;
    return gate::Confirmation::refuted;
  }
  bool violation = false;
  for (const Certificate& certificate : *certificates) {
    const Status holds = verify(*history, certificate);
    if (!holds.ok()) {
      why = holds.error().message;
      return gate::Confirmation::refuted;
    }
    violation |= certificate.verdict == "violation";
  }
  if (violation) return gate::Confirmation::confirmed;
  why = "it certifies a pass";
  return gate::Confirmation::refuted;
}

}  // namespace assay::cli
