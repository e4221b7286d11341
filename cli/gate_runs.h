#pragma once
// The runs that a gate judges: of campaigns, or named one by one; and how a violation among them is
// confirmed.

#include <string>
#include <vector>

#include "base/result.h"
#include "reports/gate/decision.h"

namespace assay::cli {

struct GateRuns {
  std::vector<gate::Run> runs;  ///< the oldest first
  std::vector<gate::Planned> planned;
  std::string policy;    ///< that the campaign's file names; may be empty
  std::string baseline;  ///< …
};

/// `wanted`: folders of runs, ids or folders of campaigns; empty: the newest campaign of the store.
/// Errors: no_input, bad_data.
Result<GateRuns> runs_to_judge(const std::string& store, const std::vector<std::string>& wanted);

/// Reads the run's history and certificate again and asks the verifier. Of an anomaly that only the
/// simulator saw, runs the simulation again. `path`: its folder.
gate::Confirmation confirm_run(const std::string& path, std::string& why);

}  // namespace assay::cli
