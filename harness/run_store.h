#pragma once
// The run store: a folder for each run, and `latest`. run_index.h knows them all.
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
  /// The same under a hidden name that nobody takes for a run, until publish().
  static Result<RunFolder> stage(const std::string& root, const std::string& target,
                                 const std::string& workload, std::uint64_t seed);
  /// Gives a staged folder its name, at once and with all it holds, and points latest at it.
  /// Error: cannot_write.
  Status publish();

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Makes logs/<node> and returns its path.
  Result<std::string> log_folder(const std::string& node) const;

 private:
  RunFolder(std::string root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}
  std::string root_;
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

}  // namespace assay
