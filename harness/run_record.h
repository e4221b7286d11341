#pragma once
// The record of a run as the file summary.json (assay.run/1) in its folder. It is written last: a
// folder without one is of a run that still goes on or was killed.

#include <string>

#include "base/result.h"
#include "history/run_record.h"

namespace assay {

/// One line of JSON.
std::string to_json(const RunRecord& record);
/// Error (bad_data): what is missing or of the wrong type.
Result<RunRecord> run_record_from_json(const std::string& text);

/// The record of the run in `root`/`folder`: its summary.json, or what its plan.json says of a run
/// that is unfinished. Errors: no_input (no run is there), bad_data.
Result<RunRecord> read_run_record(const std::string& root, const std::string& folder);

}  // namespace assay
