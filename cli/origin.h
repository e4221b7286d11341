#pragma once
// Where a history came from: a run's folder, that of a simulated run, or a file of whoever's.

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "cli/simulation_plan.h"
#include "reports/report.h"

namespace assay::cli {

struct Origin {
  RunSummary run;
  std::optional<RecordedSimulation> simulation;

  /// Checks its history again: by what the simulation was about if nothing is asked for, else by
  /// `models` (empty: the datatype's) and `datatype` (empty: inferred). Errors: those of check().
  Result<CheckResult> judge(const History& history, const std::vector<std::string>& models,
                            const std::string& datatype) const;
};

/// Of a folder, what its plan says, with its logs; of a file, its name alone. Errors: no_input,
/// bad_data.
Result<Origin> origin_of(const std::string& path);

/// Is this the folder of a run or a simulation, with its plan.json? Else an error of `no_input`
/// that says where there are some.
Status expect_run(const std::string& folder);

}  // namespace assay::cli
