#pragma once
// plan.json of a simulated run (assay.simulation/1): everything that is needed to make the same
// history again, and what was seen the first time. A run that follows a script has script.jsonl
// beside it, which is a history of the native format in which nothing returns.

#include <string>

#include "base/result.h"
#include "cli/simulation_run.h"

namespace assay::cli {

/// What is wrong with a run, as far as another run can show the same.
struct Failure {
  std::string type;   ///< an anomaly's, "no-progress" or "flooded"; empty: nothing is wrong
  std::string model;  ///< the model that the anomaly refutes
  bool operator==(const Failure&) const = default;
};

/// Of its first anomaly.
Failure failure_of(const SimulationResult& result);
bool shows(const SimulationResult& result, const Failure& failure);

struct RecordedSimulation {
  SimulationRun run;
  Failure failure;
  std::string digest;  ///< of the history
};

/// Writes plan.json and, if there is a script, script.jsonl. Error: cannot_write.
Status write_plan(const std::string& folder, const SimulationRun& run, const Failure& failure,
                  const std::string& digest);

/// `path`: the folder of a simulated run. Errors: no_input, bad_data.
Result<RecordedSimulation> read_plan(const std::string& path);

}  // namespace assay::cli
