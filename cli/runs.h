#pragma once
// What `assay runs` and `assay gate` share: finding runs in the store.

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/run_index.h"

namespace assay::cli {

/// The index of a store, with what could not be read said on standard error. Errors: no_input,
/// cannot_write.
Result<RunIndex> open_store(const std::string& store);

/// `run`: a path of its folder, its folder below the store, or `latest`; its folder below the
/// store. Error: no_input.
Result<std::string> folder_in_store(const std::string& store, const std::string& run);

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
