#pragma once
// The locks of one shard. A transaction names all keys that it needs there and gets all of their
// locks at once or waits, first come first served, so that nobody deadlocks inside a shard.

#include <map>
#include <set>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Key to whether it is locked exclusively.
using LockSet = std::map<Datum, bool>;

/// Not thread-safe. O(keys · log) a call, `grant` times those who wait.
class LockTable {
 public:
  void wait(const RequestId& who, LockSet locks) { waiting_.push_back({who, std::move(locks)}); }
  /// Gives locks to those who can have theirs; who comes later does not overtake who waits for the
  /// same key. Returns who got them, in order.
  std::vector<RequestId> grant();
  /// Takes them whoever holds them: recovery, before anybody asks.
  void take(const RequestId& who, const LockSet& locks);
  /// Gives up locks and place in the queue.
  void release(const RequestId& who);
  /// Gives up the shared locks only.
  void release_shared(const RequestId& who);

 private:
  struct Holders {
    std::set<RequestId> who;
    bool exclusive = false;
  };
  struct Waiting {
    RequestId who;
    LockSet locks;
  };
  bool is_free(const LockSet& locks) const;

  std::map<Datum, Holders> held_;
  std::vector<Waiting> waiting_;
};

}  // namespace assay::reference
