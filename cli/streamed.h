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

struct FollowedCheck {
  StreamedResult found;
  int interrupted = 0;  ///< 130 or 143 if a signal ended the reading; else 0
};

/// Standard input up to its end, the first violation or a signal; a file to its end or a signal.
/// `verbose`: says on stderr how it is followed. Errors: as read_events and check.
Result<FollowedCheck> check_streamed(const std::string& path, const HistoryInput& input,
                                     const CheckOptions& options, bool verbose);

/// For the summary of a history that is shown in part.
RunSummary::Totals totals_of(const StreamedResult& streamed);

}  // namespace assay::cli
