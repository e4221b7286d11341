#include "cli/overview.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "cli/campaign_ledger.h"
#include "cli/runs.h"

namespace assay::cli {
namespace {

constexpr std::array<const char*, 3> store_marks{"index.sqlite", "campaigns", "latest"};

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
  auto records = records_of(path);
  if (!records.ok()) return records.error();
  if (records->empty()) {
    return Error{ErrorKind::no_input, "'" + path + "' has no run yet; `assay run` makes one"};
  }
  Overview overview;
  std::filesystem::path folder(path);
  if (!folder.has_filename()) folder = folder.parent_path();
  overview.title = is_campaign(path) ? "campaign " + folder.filename().string() : path;
  overview.runs = *std::move(records);
  return overview;
}

}  // namespace assay::cli
