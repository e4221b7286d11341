#pragma once
// What the ways of `assay sim` share: its flags, the settings of one seed, the loop over seeds.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/simulation_run.h"

namespace assay::cli {

/// As typed.
struct SimFlags {
  std::string protocol;
  std::string seed;
  std::uint64_t seeds = 1;
  std::size_t members = 0;  ///< 0, and empty texts: the seed chooses
  int threads = 0;
  std::string time_limit = "10s";
  std::string fault_interval;
  std::string rate;
  std::string workload;             ///< empty: the protocol's
  std::vector<std::string> faults;  ///< "none" alone: no faults
  std::vector<std::string> bugs;
  std::vector<std::string> models;
  std::string hunt;  ///< --bugs: all, or names
  std::string hunt_limit = "60s";
  std::map<std::string, std::string> options;  ///< of the protocol and the workload
  std::string out;
  int jobs = 0;
  bool calm = false;
  bool json = false;
};

/// Error: usage.
Result<SimulationRun> settings_of(const SimFlags& flags, std::uint64_t seed);

/// The command that makes exactly this history again.
std::string command_of(const SimFlags& flags, std::uint64_t seed);

/// Calls `work` for each of `count` numbers (seeds, say) from `first` on, `jobs` at a time (0: as
/// many as cores), until one returns false.
void for_each_number(int jobs, std::uint64_t first, std::uint64_t count,
                     const std::function<bool(std::uint64_t)>& work);

/// Switches on one bug after the other, those that --bugs names, and runs seeds until each is
/// found. Exit code 0 if all were, 3 if not.
Result<int> hunt_bugs(const SimFlags& flags, std::uint64_t first);

}  // namespace assay::cli
