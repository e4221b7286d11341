#pragma once
// One simulated run from its settings to its verdict: what `assay sim` repeats over seeds.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "harness/script.h"
#include "history/history.h"
#include "targets/reference/sim/simulation.h"
#include "workloads/workload.h"

namespace assay::cli {

struct SimulationRun {
  reference::SimulationSettings simulation;
  const WorkloadEntry* workload = nullptr;
  std::map<std::string, std::string> workload_options;  ///< with fallbacks
  std::vector<std::string> faults;
  Nanos time_limit = std::chrono::seconds(10);
  Nanos fault_interval = std::chrono::seconds(1);
  Nanos stagger = std::chrono::milliseconds(2);
  std::optional<Nanos> check_timeout;
  /// Empty: the workload's. `convergence` among them is judged by the simulator.
  std::vector<std::string> models;
  /// What is done and when; nothing: drawn from the seed.
  std::optional<RunScript> script;
};

// Anomalies that the simulator sees by itself; the history does not show them.
inline constexpr std::string_view no_progress = "no-progress";  ///< stuck after all was healed
inline constexpr std::string_view flooded = "flooded";  ///< members answer each other without end
inline constexpr std::string_view divergence = "divergence";  ///< members differ at the end

struct SimulationResult {
  History history;
  /// The history's anomalies come first, those of the simulator after them.
  CheckResult check;
  reference::SimulationOutcome outcome;

  bool failed() const { return check.verdict == Verdict::violation; }
  /// Whether the history shows a violation: something happened that must not.
  bool unsafe() const;
};

/// What the seed chooses by itself: members, faults, how often they come, how fast clients ask.
/// Seeds that differ in all of it find more than equal ones (swarm testing: Groce et al., ISSTA
/// 2012). The protocol and the workload are left open.
SimulationRun choose_run(std::uint64_t seed);

/// Takes out the faults that mean nothing to the run's protocol.
void drop_idle_faults(SimulationRun& run);

/// Fills in the options of protocol and workload that the run does not name: where the table says
/// so the seed draws one, else it is the fallback.
void choose_options(SimulationRun& run);

/// Runs and checks on one thread. Thread-safe. `record` sees each event too; may be empty.
/// Errors: usage (settings), what `record` returned.
Result<SimulationResult> run_simulation(const SimulationRun& run, const Record& record = {});

/// The verdict on a history of this run, the simulator's own anomalies apart. Error: usage.
Result<CheckResult> judge(const SimulationRun& run, const History& history);

/// Whether an anomaly is one of the simulator's own.
bool is_finding(std::string_view anomaly);
/// Adds one of these to the verdict, which it makes a violation.
void add_finding(CheckResult& result, std::string_view type, std::string_view model,
                 std::string explanation);

/// The names of all simulated faults.
std::vector<std::string> simulated_fault_names();

}  // namespace assay::cli
