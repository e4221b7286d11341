#pragma once
// A store of known isolation, simulated in one thread: transactions of several clients interleave
// step by step as a seed decides, and the store keeps exactly the promises of its level. What the
// checker says about the histories can be compared with what is known.
//
// - LockingStore: one copy, locks until the end; read uncommitted, read committed, monotonic
//   atomic view, repeatable read (without predicate locks) and serializable (with them).
// - SnapshotStore: versions by commit time; prefix consistency, snapshot isolation and
//   serializability, each with snapshots of any age, of the session's age, or always new.
// - SiteStore: sites that hear of each other's commits later; read committed of Biswas and Enea,
//   read atomic, causal, parallel snapshot isolation.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "history/history.h"

namespace assay::simulated {

using TxnNumber = std::uint32_t;  ///< older transactions have smaller numbers
/// What a key holds: the elements of a list, or a register's value, if it has one.
using Item = std::vector<int>;

enum class Progress : std::uint8_t { done, wait, abort };

class Store {
 public:
  virtual ~Store() = default;
  virtual void begin(TxnNumber txn, int client) = 0;
  /// Each may have to be called again (wait), or end the transaction (abort: nothing happened).
  virtual Progress read(TxnNumber txn, int key, Item& found) = 0;
  virtual Progress write(TxnNumber txn, int key, int value) = 0;
  /// All keys whose register's value is even.
  virtual Progress select(TxnNumber txn, std::map<int, int>& found);
  virtual Progress commit(TxnNumber txn) = 0;
  virtual void abort(TxnNumber txn) = 0;
  /// Something that no client waits for.
  virtual void tick(Random&) {}
};

enum class Level : std::uint8_t {
  read_uncommitted,
  read_committed,
  monotonic_atomic_view,
  repeatable_read,
  locked_serializable,
  prefix,
  snapshot_isolation,
  strong_session_snapshot_isolation,
  strong_snapshot_isolation,
  serializable,
  strong_session_serializable,
  strict_serializable,
  read_committed_be,
  read_atomic,
  transactional_causal,
  parallel_snapshot_isolation,
};

enum class Data : std::uint8_t { lists, registers, predicates };

struct Run {
  Level level;
  Data data;
  int clients = 5;
  int keys = 3;
  int transactions = 30;
  int steps_max = 4;  ///< of a transaction
};

std::unique_ptr<Store> make_store(const Run& run);
/// Runs clients against the store and records what they saw, as the datatype that `data` says.
History simulate(const Run& run, std::uint64_t seed);
/// A line an event, for the message of a failed test.
std::string text_of(const History& history);

}  // namespace assay::simulated
