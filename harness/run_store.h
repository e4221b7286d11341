#pragma once
// The run store: a folder for each run, `latest`, and an index of all runs in SQLite.
//   runs/<target>/<workload>/<UTC time>-<seed>/{plan.json,history.assay,faults.jsonl,…}

#include <cstdint>
#include <fstream>
#include <string>

#include "base/result.h"
#include "history/event.h"

namespace assay {

class RunFolder {
 public:
  /// Makes the folder below `root` and points `root`/latest at it. Error: cannot_write.
  static Result<RunFolder> create(const std::string& root, const std::string& target,
                                  const std::string& workload, std::uint64_t seed);

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Makes logs/<node> and returns its path.
  Result<std::string> log_folder(const std::string& node) const;

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

/// Writes the whole file or leaves the old one: a temporary file, then a rename.
Status write_file(const std::string& path, const std::string& text);

/// faults.jsonl: a line for each fault event, written as it happens.
class FaultLog {
 public:
  static Result<FaultLog> create(const std::string& path);
  Status append(const Event& event);

 private:
  explicit FaultLog(std::ofstream file) : file_(std::move(file)) {}
  std::ofstream file_;
};

struct RunRecord {
  std::string folder;  ///< relative to the store's root
  std::string target;
  std::string workload;
  std::uint64_t seed = 0;
  std::string started;  ///< UTC, ISO 8601
  double duration_s = 0;
  std::string verdict;
  std::string model;
  std::uint64_t operations = 0;
  std::uint64_t anomalies = 0;
};

/// Adds the run to `root`/index.sqlite, which is created if missing. Several processes may do so
/// at once. Error: cannot_write.
Status index_run(const std::string& root, const RunRecord& record);

}  // namespace assay
