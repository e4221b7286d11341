#include "cli/overview.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/campaign_ledger.h"
#include "cli/runs.h"

namespace assay::cli {
namespace {

constexpr std::array<const char*, 3> store_marks{"index.sqlite", "campaigns", "latest"};

OverviewRun row_of(const RunRecord& record) {
  OverviewRun row;
  row.folder = record.folder;
  row.started = record.started;
  row.system = system_of(record);
  row.workload = record.workload;
  row.experiment = record.experiment;
  row.model = record.model;
  row.verdict = record.verdict;
  row.because = record.unknown_because;
  row.seed = record.seed;
  row.operations = record.operations;
  for (const RunFinding& each : record.findings) {
    const bool known =
        std::find(row.findings.begin(), row.findings.end(), each.type) != row.findings.end();
    if (!known) row.findings.push_back(each.type);
  }
  return row;
}

OverviewFinding row_of(const StoredFinding& found) {
  OverviewFinding row;
  row.fingerprint = found.finding.fingerprint;
  row.type = found.finding.type;
  row.model = found.finding.model;
  row.claim = found.finding.claim;
  row.system = system_of(found.newest);
  row.workload = found.newest.workload;
  row.trend = words_of(found.trend);
  row.gone = found.trend.gone();
  row.command = found.newest.command;
  for (const StoredFinding::Occasion& each : found.occasions) row.shown.push_back(each.shown);
  return row;
}

/// The newest first. A ledger knows the runs of which nothing was kept, too.
Result<std::vector<RunRecord>> records_of(const std::string& path) {
  if (is_campaign(path)) {
    auto ledger = read_ledger(path);
    if (!ledger.ok()) return ledger.error();
    std::reverse(ledger->runs.begin(), ledger->runs.end());
    return std::move(ledger->runs);
  }
  auto index = open_store(path);
  if (!index.ok()) return index.error();
  return index->runs();
}

}  // namespace

bool is_campaign(const std::string& path) { return quiet_for(path).has_value(); }

bool is_store(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code failure;
  if (fs::exists(fs::path(path) / "plan.json", failure)) return false;
  // Before it is opened for the first time, a store has no index.
  return std::any_of(store_marks.begin(), store_marks.end(),
                     [&](const char* mark) { return fs::exists(fs::path(path) / mark, failure); });
}

Result<Overview> overview_of(const std::string& path) {
  const auto records = records_of(path);
  if (!records.ok()) return records.error();
  if (records->empty()) {
    return Error{ErrorKind::no_input, "'" + path + "' has no run yet; `assay run` makes one"};
  }
  Overview overview;
  std::filesystem::path folder(path);
  if (!folder.has_filename()) folder = folder.parent_path();
  overview.title = is_campaign(path) ? "campaign " + folder.filename().string() : path;
  for (const RunRecord& record : *records) overview.runs.push_back(row_of(record));
  for (const StoredFinding& found : findings_over(*records)) {
    overview.findings.push_back(row_of(found));
  }
  return overview;
}

}  // namespace assay::cli
