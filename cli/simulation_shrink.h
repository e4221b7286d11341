#pragma once
// Shrinking a failing simulation: the fewest faults, clients and operations that still show the
// same anomaly. Each candidate is a whole run of its own, judged by the same checker.
// Source: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input", 2002.

#include <cstddef>
#include <functional>
#include <string>

#include "base/result.h"
#include "cli/simulation_plan.h"

namespace assay::cli {

struct SimulationSize {
  std::size_t faults = 0;  ///< injected
  std::size_t clients = 0;
  std::size_t operations = 0;
  bool operator==(const SimulationSize&) const = default;
};

struct ShrunkSimulation {
  RecordedSimulation smallest;  ///< it follows a script
  SimulationSize before;
  SimulationSize after;
  std::size_t runs = 0;  ///< how many candidates were tried
  bool minimal = false;  ///< no single fault or operation can be left out
};

struct ShrinkLimits {
  Nanos time = std::chrono::seconds(60);
  /// Told of each stage as it begins; may be empty.
  std::function<void(const std::string&)> progress;
};

/// `failing` must show its failure when it is run again.
/// Errors: bad_data (it does not fail), usage (settings).
Result<ShrunkSimulation> shrink_simulation(const SimulationRun& failing,
                                           const ShrinkLimits& limits);

}  // namespace assay::cli
