#pragma once
// The locks of one shard. A transaction names all keys that it needs there and gets all of their
// locks at once or waits, first come first served, so that nobody deadlocks inside a shard.

#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Key to whether it is locked exclusively.
using LockSet = std::map<Datum, bool>;

/// With snapshots a reader waits only for writers that began before its snapshot: all others commit
/// after it. Nobody waits for a younger one, so readers and writers do not deadlock.
struct SnapshotTimes {
  std::uint64_t reads_at = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t writes_since = 0;
};

/// Not thread-safe. O(keys · log) a call, `grant` times those who wait.
class LockTable {
 public:
  void wait(const RequestId& who, LockSet locks, SnapshotTimes snapshot = {}) {
    waiting_.push_back({who, std::move(locks), snapshot});
  }
  /// Gives locks to those who can have theirs; who comes later does not overtake who waits for the
  /// same key. Returns who got them, in order.
  std::vector<RequestId> grant();
  /// Takes them whoever holds them: recovery, before anybody asks.
  void take(const RequestId& who, const LockSet& locks, SnapshotTimes snapshot = {});
  bool is_free(const LockSet& locks, SnapshotTimes snapshot = {}) const;
  /// Gives up locks and place in the queue.
  void release(const RequestId& who);
  /// Gives up the shared locks only.
  void release_shared(const RequestId& who);

 private:
  struct Holders {
    std::set<RequestId> who;
    bool exclusive = false;
    std::uint64_t writes_since = 0;
  };
  struct Waiting {
    RequestId who;
    LockSet locks;
    SnapshotTimes snapshot;
  };
  static bool waits_behind(const Waiting& later, const Waiting& earlier);

  std::map<Datum, Holders> held_;
  std::vector<Waiting> waiting_;
};

}  // namespace assay::reference
