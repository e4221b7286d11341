#pragma once
// Checking a history that is not held in memory: standard input as it arrives, and files that would
// not fit.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/streaming/streamed_check.h"
#include "cli/history_input.h"
#include "reports/report.h"

namespace assay::cli {

/// Would the history at `path` probably take more than `memory_bytes` to read and check? Guessed
/// from the file's size and how dense its form is. False if there is no limit (0).
bool exceeds_memory(const std::string& path, std::uint64_t memory_bytes);

/// Says on stderr what a person should know about how it went.
Result<StreamedResult> check_streamed(const std::string& path, const HistoryInput& input,
                                      const CheckOptions& options, bool stop_at_violation);

/// For the summary of a history that is shown in part.
RunSummary::Totals totals_of(const StreamedResult& streamed);

}  // namespace assay::cli
