#pragma once
// One object of the replicated store and what a single command does to it. An object is a Datum
// whose shape its first command decides: a queue is a list, a counter an integer, a lock a list
// [token holder], a bank a map of accounts to balances.

#include <cstddef>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// What came of a command: its outcome, and what it returns.
struct Answer {
  Outcome outcome = Outcome::ok;
  Datum value;
  bool operator==(const Answer&) const = default;
};

/// The command does not fit the object, and: it does, and the object's value forbids it.
inline const Answer misfit{Outcome::bad_request, {}};
inline const Answer refused{Outcome::mismatch, {}};

/// How many elements a set, list, queue or log may hold; what would be more is a bad request.
inline constexpr std::size_t object_elements_max = 64 * 1024;

/// Carries out the command. Anything but ok leaves the object as it was. A command that does not
/// fit the object's shape (or is a txn, which is about several) is a bad request.
Answer perform(const Command& command, Datum& object);

}  // namespace assay::reference
