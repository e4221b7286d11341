#pragma once
// Two runs, or histories, read for a comparison.

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/history_input.h"
#include "reports/diff.h"

namespace assay::cli {

struct DiffInput {
  std::vector<std::string> models;  ///< asked for; empty: what the runs were judged by
  HistoryInput input;
};

/// Each is a run's folder or a history. A run that was judged counts as it was, unless the input
/// asks for something else; the rest is checked. Errors: those of reading and checking.
Result<RunDiff> diff_of_runs(const std::string& a, const std::string& b, const DiffInput& input);

}  // namespace assay::cli
