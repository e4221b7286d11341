#pragma once
// RunIndex: runs/index.sqlite knows every run. It is a cache of what the folders hold, brought up
// to date whenever it is opened; so it may be deleted, damaged or left behind by a kill at any
// moment, and nothing is lost.
//
//   runs(folder, target, configuration, workload, model, seed, started, verdict, …, record)
//   findings(folder, fingerprint, family, type, model, count)
//
// for whoever wants to ask in SQL; `record` is the run's summary.json.

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "harness/run_record.h"

namespace assay {

/// Empty: any.
struct RunFilter {
  std::string target;
  std::string workload;
  std::string verdict;
  std::string campaign;
  std::string fingerprint;  ///< of a finding, or its family
};

/// Not thread-safe; several processes may have the same index open.
class RunIndex {
 public:
  /// Opens `root`/index.sqlite, makes it if it is missing or damaged, and takes in every folder
  /// that it does not know, knows in an older state, or knows although it is gone. O(folders) to
  /// look, O(new ones) to read. Errors: no_input (no such folder), cannot_write.
  static Result<RunIndex> open(const std::string& root);

  RunIndex(RunIndex&&) noexcept;
  ~RunIndex();

  /// The newest first; of those that began in one second, the one that ended last. Error:
  /// cannot_write (the database was taken away meanwhile).
  Result<std::vector<RunRecord>> runs(const RunFilter& filter = {}) const;
  /// Folders that look like runs but cannot be read, and why.
  const std::vector<std::string>& notes() const;

 private:
  struct State;
  explicit RunIndex(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Removes the folder of a run, and nothing that is not one. Errors: no_input, cannot_write.
Status remove_run(const std::string& root, const std::string& folder);

}  // namespace assay
