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
  std::string type;     ///< an anomaly's; empty: nothing is wrong
  std::string model;    ///< the model that the anomaly refutes
  std::string because;  ///< in a sentence; another run may word it otherwise
};

/// Of its first anomaly.
Failure failure_of(const SimulationResult& result);
bool shows(const SimulationResult& result, const Failure& failure);

struct RecordedSimulation {
  SimulationRun run;
  Failure failure;
  std::string digest;        ///< of the history
  std::string command;       ///< repeats the run
  std::string version = {};  ///< of the program that made it; written is that of this one
};

/// Whether the folder is one of a simulated run: its plan.json says so.
bool is_simulation(const std::string& folder);

/// Writes plan.json and, if there is a script, script.jsonl. Error: cannot_write.
Status write_plan(const std::string& folder, const RecordedSimulation& recorded);

/// `path`: the folder of a simulated run. Errors: no_input, bad_data.
Result<RecordedSimulation> read_plan(const std::string& path);

/// Checks its recorded history again. An anomaly that only the simulator saw is taken from the
/// plan. Error: usage.
Result<CheckResult> judge_again(const RecordedSimulation& recorded, const History& history);

}  // namespace assay::cli
