#include "cli/store_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/campaign_ledger.h"
#include "cli/runs.h"
#include "harness/run_index.h"
#include "reports/escape.h"
#include "reports/findings.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr std::size_t text_limit = 400;
/// A journal is written at least every tenth of a second while operations complete.
constexpr auto grows_within = 10s;
/// A campaign of which no run ended for so long does not go on, unless one is being recorded.
constexpr std::chrono::seconds quiet_after = 60s;

std::string shown(const std::string& text) { return clip(visible(text), text_limit); }

Json texts(const std::vector<std::string>& list) {
  Json out = Json::array();
  for (const std::string& text : list) out.push_back(shown(text));
  return out;
}

/// Whether it is being recorded now.
bool grows(const std::string& store, const RunRecord& record) {
  if (record.verdict != unfinished) return false;
  std::error_code failure;
  const auto changed =
      fs::last_write_time(fs::path(store) / record.folder / "history.assay", failure);
  return !failure && fs::file_time_type::clock::now() - changed < grows_within;
}

Json run_json(const std::string& store, const RunRecord& record) {
  const fs::path folder = fs::path(store) / record.folder;
  std::error_code failure;
  const auto bytes = fs::file_size(folder / "history.assay", failure);
  const bool recorded = !failure;
  const bool report = fs::is_regular_file(folder / "report.html", failure);
  Json findings = Json::array();
  for (const Finding& each : record.findings) {
    findings.push_back({{"fingerprint", shown(each.fingerprint)},
                        {"type", shown(each.type)},
                        {"model", shown(each.model)},
                        {"claim", shown(each.claim)},
                        {"count", each.count}});
  }
  return {{"folder", record.folder},
          {"target", shown(record.target)},
          {"configuration", shown(record.configuration)},
          {"workload", shown(record.workload)},
          {"model", shown(record.model)},
          {"seed", std::to_string(record.seed)},
          {"started", shown(record.started)},
          {"duration", record.duration_s},
          {"verdict", shown(record.verdict)},
          {"unknown_because", shown(record.unknown_because)},
          {"operations", record.operations},
          {"anomalies", record.anomalies},
          {"campaign", shown(record.campaign)},
          {"experiment", shown(record.experiment)},
          {"faults", texts(record.faults)},
          {"findings", std::move(findings)},
          {"bytes", recorded ? bytes : 0},
          {"report", report},
          {"running", grows(store, record)}};
}

Json occasions_json(const FindingOverRuns& finding) {
  Json out = Json::array();
  for (const FindingOverRuns::Occasion& each : finding.occasions) {
    out.push_back(
        {{"folder", each.folder}, {"started", shown(each.started)}, {"shown", each.shown}});
  }
  return out;
}

/// The newest campaign, how far it is; null if there is none.
Json campaign_json(const std::string& store, const std::vector<RunRecord>& records) {
  const auto folder = newest_campaign(store, "");
  if (!folder.ok()) return nullptr;
  const auto ledger = read_ledger(*folder);
  if (!ledger.ok()) return nullptr;
  Json experiments = Json::array();
  std::uint64_t ended = 0;
  std::uint64_t planned = 0;
  for (const gate::Planned& each : ledger->header.planned) {
    std::map<std::string, std::uint64_t> verdicts;
    for (const RunRecord& run : ledger->runs) {
      if (run.experiment == each.experiment) ++verdicts[run.verdict];
    }
    std::uint64_t runs = 0;
    for (const auto& [verdict, count] : verdicts) runs += count;
    ended += runs;
    planned += each.runs;
    experiments.push_back({{"name", shown(each.experiment)},
                           {"planned", each.runs},
                           {"ended", runs},
                           {"pass", verdicts["pass"]},
                           {"violation", verdicts["violation"]},
                           {"canary", each.canary}});
  }
  const bool growing = std::any_of(records.begin(), records.end(), [&](const RunRecord& record) {
    return record.campaign == ledger->header.campaign && grows(store, record);
  });
  const bool running = ended < planned && !ledger->out_of_budget &&
                       (growing || quiet_for(*folder).value_or(quiet_after) < quiet_after);
  return {{"id", shown(ledger->header.campaign)},
          {"executor", shown(ledger->header.executor)},
          {"running", running},
          {"planned", planned},
          {"ended", ended},
          {"experiments", std::move(experiments)}};
}

Json finding_json(const FindingOverRuns& each) {
  return {{"fingerprint", shown(each.finding.fingerprint)},
          {"type", shown(each.finding.type)},
          {"model", shown(each.finding.model)},
          {"claim", shown(each.finding.claim)},
          {"target", shown(each.newest.target)},
          {"configuration", shown(each.newest.configuration)},
          {"workload", shown(each.newest.workload)},
          {"seen", each.trend.seen},
          {"runs", each.trend.runs},
          {"gone", each.trend.gone()},
          {"words", words_of(each.trend)},
          {"occasions", occasions_json(each)}};
}

}  // namespace

Result<std::string> store_document(const std::string& store) {
  auto index = RunIndex::open(store);
  if (!index.ok()) return index.error();
  const auto records = index->runs();
  if (!records.ok()) return records.error();
  Json runs = Json::array();
  for (const RunRecord& record : *records) runs.push_back(run_json(store, record));
  Json findings = Json::array();
  for (const FindingOverRuns& each : findings_over(*records)) {
    findings.push_back(finding_json(each));
  }
  const Json document = {{"root", shown(store)},
                         {"campaign", campaign_json(store, *records)},
                         {"notes", texts(index->notes())},
                         {"runs", std::move(runs)},
                         {"findings", std::move(findings)}};
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace assay::cli
