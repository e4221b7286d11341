#pragma once
// What `assay runs` and `assay gate` share: finding runs in the store.

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/run_index.h"
#include "reports/findings.h"

namespace assay::cli {

/// The index of a store, with what could not be read said on standard error. Errors: no_input,
/// cannot_write.
Result<RunIndex> open_store(const std::string& store);

/// `run`: a path of its folder, its folder below the store, or `latest`; its folder below the
/// store. Error: no_input.
Result<std::string> folder_in_store(const std::string& store, const std::string& run);

/// A finding over the runs of the store.
struct StoredFinding {
  RunFinding finding;  ///< as the newest run showed it
  RunRecord newest;    ///< that run
  /// A run of the same target, configuration and workload that was checked to its end.
  struct Occasion {
    std::string folder;
    std::string started;
    bool shown = false;
  };
  std::vector<Occasion> occasions;  ///< the oldest first
  Trend trend;                      ///< over them
};
/// The finding that came last first. `records`: the newest first.
std::vector<StoredFinding> findings_over(const std::vector<RunRecord>& records);

/// Target and configuration.
std::string system_of(const RunRecord& record);

/// Removes what is old, keeps what shows something; prints what it did. See `assay runs gc --help`.
struct Collection {
  std::string store;
  std::string older_than;  ///< as typed; empty: no limit
  std::string max_size;
  std::uint64_t keep = 0;  ///< of each target, configuration and workload, at least; 0: all
  bool violations = false;
  bool dry = false;
  bool json = false;
};
Result<int> collect_runs(const Collection& collection);

}  // namespace assay::cli
