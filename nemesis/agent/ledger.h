#pragma once
// Ledger: what must be undone on this node, kept on disk. A record is written before its fault is
// injected and removed after it was healed, so whoever reads the file after a death, at any
// moment, knows at least everything that is in force.

#include <string>
#include <vector>

#include "base/result.h"
#include "nemesis/agent/wire.h"

namespace assay::agent {

/// One fault in force. What `undo` holds depends on the kind: commands, addresses, and processes as
/// PID:START (see processes.h).
struct Record {
  std::string id;
  std::string kind;
  Words undo;
  bool operator==(const Record&) const = default;
};

/// Not thread-safe; one process at a time writes (the lock of guardian.cc).
class Ledger {
 public:
  /// Reads what is there; a missing file is an empty ledger.
  static Result<Ledger> open(const std::string& folder);

  const std::vector<Record>& records() const { return records_; }
  const Record* find(const std::string& id) const;
  /// Adds or replaces the record of that id; on the disk when it returns.
  Status put(const Record& record);
  Status remove(const std::string& id);

 private:
  explicit Ledger(std::string path) : path_(std::move(path)) {}
  Status save() const;

  std::string path_;
  std::vector<Record> records_;
};

}  // namespace assay::agent
