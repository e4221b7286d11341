#pragma once
// Transactions over a closed world of objects that are inserted, written, deleted, and read one by
// one or by a predicate (after the closed-predicate workload of Kingsbury and Alvaro's Elle):
//
//   txn   [[insert k v] [w k v] [delete k] [r k v] [rp predicate {k v …}] …]
//   init  {k v …}: the objects that are there before anything else
//
// A predicate is `true`, [= v] or [mod m r]. What a predicate read does not return did not match:
// it did not exist, or had another value.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/history.h"

namespace assay::predicates {

using Key = std::uint32_t;

struct Step {
  enum class Function : std::uint8_t { write, erase, read, select };
  Function function;
  bool inserts = false;        ///< of a write: the object did not exist before
  Key key = 0;                 ///< not of a select
  std::optional<Value> value;  ///< written or read; none: the object was not there
  Value predicate;             ///< of a select
  std::vector<std::pair<Key, Value>> found;
};

struct Transaction {
  OpIndex operation;
  std::uint64_t event;
  std::int64_t start;
  std::int64_t end;
  std::int32_t process;
  Outcome outcome;
  bool init = false;
  std::vector<Step> steps;  ///< reads only if it returned
};

struct ClosedWorld {
  std::vector<Value> keys;
  std::vector<Transaction> transactions;  ///< in the order of the invocations
  bool real_time = false;
};

/// Errors: bad_data (names the event).
Result<ClosedWorld> read_closed_world(const History& history);

/// Does an object with this value match? None: the predicate is not known here.
std::optional<bool> matches(const Value& predicate, const Value& value);

}  // namespace assay::predicates
