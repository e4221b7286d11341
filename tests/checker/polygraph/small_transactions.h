#pragma once
// Small random histories of transactions over registers, and what the models say about them
// straight from their definitions: all sets of committed transactions, all arbitrations, all
// visibilities. Shares no code with the checker.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "history/history.h"

namespace assay::small {

enum class End : std::uint8_t { ok, fail, info };

struct Op {
  bool write;
  int key;
  int value;  ///< 0: the initial value
};

struct Transaction {
  int session;
  int start;  ///< position of the invocation among all events
  int end;    ///< of the completion
  End outcome;
  std::vector<Op> ops;
};

/// In the order of their invocations; a session's transactions do not overlap.
using Transactions = std::vector<Transaction>;

struct Shape {
  int transactions = 4;
  int sessions = 3;
  int keys = 2;
  int ops = 3;
  bool unique = true;   ///< every value is written once, and never the initial one
  double stale = 0.3;   ///< chance that a read returns something else than the latest value
  double doubtful = 0;  ///< chance of fail, and of info
};

Transactions random_transactions(Random& random, const Shape& shape);
History history_of(const Transactions& transactions);
/// A line a transaction, for the message of a failed test.
std::string text_of(const Transactions& transactions);

/// Is there an arbitration and a visibility that the axioms of the model allow (Cerone, Bernardi
/// and Gotsman, 2015)? REQUIRES at most 6 transactions.
bool allows(std::string_view model, const Transactions& transactions);

}  // namespace assay::small
