#pragma once
// The operations that simulated clients made on registers, and a small check that some order of
// them, within real time, explains every answer. Independent of the project's checker.

#include <cstdint>
#include <map>
#include <vector>

#include "tests/targets/worlds.h"

namespace assay::reference {

struct RegisterOperation {
  Command command;
  Nanos start{0};
  Nanos end = Nanos::max();  ///< max: in doubt, may take effect at any time
  bool happened = true;      ///< false: definitely without effect; ignored
  Outcome outcome = Outcome::ok;
  Datum result;
};

/// Clients that make one operation at a time on a few keys. An operation that gets no answer is in
/// doubt, and its client goes on under a new identity.
class RegisterClients {
 public:
  RegisterClients(World& cluster, int count, int keys, Nanos until);

  const std::vector<RegisterOperation>& operations() const { return operations_; }
  std::size_t acknowledged() const { return acknowledged_; }
  /// Exhaustive search with memory, per key. At most 64 operations per key can be searched; more
  /// fail an assertion.
  bool linearizable() const;

 private:
  void next(int client);
  void finish(int client, std::size_t operation, const Reply* reply);

  World& cluster_;
  int keys_;
  Nanos until_;
  std::vector<RegisterOperation> operations_;
  std::map<RequestId, std::pair<int, std::size_t>> open_;
  std::uint64_t next_identity_ = 1;
  std::vector<RequestId> identities_;
  std::int64_t next_value_ = 1;
  std::size_t acknowledged_ = 0;
};

}  // namespace assay::reference
