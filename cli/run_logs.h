#pragma once
// The logs of a run's nodes on the axis of its history.

#include <string>
#include <vector>

#include "base/result.h"
#include "reports/report.h"

namespace assay::cli {

/// The packets that a node recorded, beside its logs: no text.
inline constexpr const char* packets_file = "packets.pcap";

/// Writes zero.json into the folder: what wall clocks showed when the history's time was zero,
/// which is now.
Status write_zero(const std::string& folder);

/// The lines of logs/<node>/* that begin with a time (2026-11-28T15:10:41.133Z, or with a space and
/// UTC), from one second before the history's zero on; ascending. Warnings and errors are told by
/// their words. At most 40 000 lines: of more, warnings and errors first and an even sample of the
/// others. Nothing if the folder has no zero.json. O(bytes), of which at most 64 MiB a file are
/// read.
std::vector<LogLine> read_run_logs(const std::string& folder);

}  // namespace assay::cli
