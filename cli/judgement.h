#pragma once
// From a run's folder to its verdict: read the journal back, check, write everything a run leaves.

#include <string>

#include "base/result.h"
#include "checker/checker.h"
#include "harness/run_record.h"
#include "reports/report.h"

namespace assay::cli {

/// What the store keeps of a checked run: its summary.json.
RunRecord record_of(const RunSummary& run, const History& history, const CheckResult& result);

/// Checks `folder`/history.assay and writes verdict.json, certificate.json, report.html and
/// junit.xml beside it, summary.json last, prints the verdict on standard
/// output (a JSON document if `json`). Returns the verdict's exit code. A run without a single
/// acknowledged operation is unknown.
Result<int> judge_run(const std::string& folder, const CheckOptions& options, bool json);

}  // namespace assay::cli
