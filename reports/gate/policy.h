#pragma once
// Policy: what a build must show to pass. Read from a file by the command line (docs/gate.md).

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace assay::gate {

/// How much worse than the baseline the median may be, as a share of it, and over how many runs.
struct PerformanceLimit {
  double worse = 0;
  std::uint64_t runs = 5;
};

struct Policy {
  std::string file;  ///< where it stands; empty: the built-in one

  // Safety. A new finding always fails.
  bool fail_on_known = false;
  double unknown_share = 0;  ///< of the runs; more fails

  // Vacuity: a pass must have tested something. Of each run:
  std::uint64_t operations = 1;
  double acknowledged = 0;  ///< share of operations outside faults
  // Of the runs of an experiment together:
  bool every_function = true;                      ///< something of each was acknowledged
  std::map<std::string, std::uint64_t> in_flight;  ///< operations under each kind of fault
  double contention = 0;                           ///< mean share
  std::uint64_t canaries = 0;                      ///< at least so many must have been run

  // Liveness, of each run.
  std::optional<double> recovery_s;
  double availability = 0;

  // Performance against the baseline of the same class of machine.
  std::optional<PerformanceLimit> throughput;
  std::optional<PerformanceLimit> p99;

  std::uint64_t errors = 0;  ///< runs that may end without a verdict
};

}  // namespace assay::gate
