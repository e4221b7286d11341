#pragma once
// From a run's folder to its verdict: read the journal back, check, write everything a run leaves.

#include <string>

#include "base/result.h"
#include "checker/checker.h"

namespace assay::cli {

/// Checks `folder`/history.assay and writes verdict.json, certificate.json, report.html and
/// junit.xml beside it, adds the run to `store`/index.sqlite, prints the verdict on standard
/// output (a JSON document if `json`). Returns the verdict's exit code. A run without a single
/// acknowledged operation is unknown.
Result<int> judge_run(const std::string& store, const std::string& folder,
                      const CheckOptions& options, bool json);

}  // namespace assay::cli
