#pragma once
// Small random histories of transactions over registers or lists, and what the models say about
// them straight from their definitions: all sets of committed transactions, all arbitrations, all
// visibilities. Shares no code with the checker.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "history/history.h"

namespace assay::small {

enum class End : std::uint8_t { ok, fail, info };

/// What a key holds: a register's value, nothing at first; a list's elements.
using Content = std::vector<int>;

struct Op {
  bool write;
  int key;
  int value;     ///< written or appended; 0: the initial value of a register
  Content seen;  ///< what a read returned
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
  bool lists = false;
  int transactions = 4;
  int sessions = 3;
  int keys = 2;
  int ops = 3;
  bool unique = true;   ///< every value is written once, and never the initial one
  double stale = 0.3;   ///< chance that a read returns something else than the latest value
  double doubtful = 0;  ///< chance of fail, and of info
  double dirty = 0;     ///< chance that others can see a write that was not the last
};

Transactions random_transactions(Random& random, const Shape& shape);
History history_of(const Transactions& transactions, bool lists = false);
/// A line a transaction, for the message of a failed test.
std::string text_of(const Transactions& transactions);

/// Is there an arbitration and a visibility that the axioms of the model allow (Cerone, Bernardi
/// and Gotsman, 2015)? REQUIRES at most 6 transactions.
bool allows(std::string_view model, const Transactions& transactions, bool lists = false);

/// The same for levels that are defined by dependencies (Adya, 1999; monotonic-atomic-view:
/// Bailis et al., 2013): is there an order of the versions of every key without a forbidden cycle?
bool allows_by_dependencies(std::string_view model, const Transactions& transactions, bool lists);

/// Puts a write of the key on top of what it holds.
void apply(const Op& write, bool lists, Content& content);
/// Calls `visit` with each set of transactions that may have committed, until it returns true.
template <class Visit>
bool any_committed_set(const Transactions& transactions, const Visit& visit) {
  Transactions certain;
  Transactions doubtful;
  for (const Transaction& t : transactions) {
    if (t.outcome == End::ok) certain.push_back(t);
    if (t.outcome == End::info) doubtful.push_back(t);
  }
  for (unsigned set = 0; set >> doubtful.size() == 0; ++set) {
    auto committed = certain;
    for (std::size_t i = 0; i < doubtful.size(); ++i) {
      if ((set >> i & 1U) != 0) committed.push_back(doubtful[i]);
    }
    if (visit(committed)) return true;
  }
  return false;
}

}  // namespace assay::small
