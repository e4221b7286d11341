#pragma once
// Transactions: the operations of a history as transactions over keys, in columns and with values
// numbered densely, as the checks of isolation levels want them. A plain read or write of a keyed
// register counts as a transaction of one operation.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checker/transactions/numbering.h"
#include "history/history.h"
#include "history/value.h"

namespace assay {

class SetMembers;

using TxnIndex = std::uint32_t;  ///< 0 … size()-1, in the order of the invocations
using TxnKey = std::uint32_t;    ///< 0 … key_count()-1
/// A value written or read somewhere in the history; 0 is the initial value of every key (absent,
/// nil, or what the history declares).
using TxnValue = std::uint32_t;
using SessionId = std::uint32_t;  ///< 0 … session_count()-1: a process

inline constexpr TxnValue initial_value = 0;
/// The value of a read that never returned, or whose result says nothing.
inline constexpr TxnValue unread = std::numeric_limits<TxnValue>::max();
inline constexpr TxnIndex no_txn = std::numeric_limits<TxnIndex>::max();

enum class TxnFunction : std::uint8_t { read, write, append, read_list };

struct TxnOp {
  TxnKey key;
  TxnValue value;  ///< read_list: the number of its list, for Transactions::list
  TxnFunction function;

  bool writes() const { return function == TxnFunction::write || function == TxnFunction::append; }
};

/// ok committed, fail aborted; info: may have committed.
struct Txn {
  OpIndex operation;    ///< of the History
  std::uint64_t event;  ///< event index of the invocation
  std::int64_t start;   ///< ticks, as History::interval
  std::int64_t end;     ///< never if info
  SessionId session;
  Outcome outcome;
  std::uint32_t first_op;
  std::uint32_t op_count;
};

class Transactions {
 public:
  std::size_t size() const { return txns_.size(); }
  const Txn& operator[](TxnIndex t) const { return txns_[t]; }
  std::span<const TxnOp> ops(TxnIndex t) const {
    return std::span(ops_).subspan(txns_[t].first_op, txns_[t].op_count);
  }
  std::span<const TxnOp> all_ops() const { return ops_; }
  /// The elements of a list that a read_list returned, oldest first.
  std::span<const TxnValue> list(TxnValue number) const {
    return std::span(elements_).subspan(list_begin_[number],
                                        list_begin_[number + 1] - list_begin_[number]);
  }
  /// The transactions of a session, in its order.
  std::span<const TxnIndex> session(SessionId s) const {
    return std::span(by_session_)
        .subspan(session_begin_[s], session_begin_[s + 1] - session_begin_[s]);
  }
  std::size_t session_count() const { return session_begin_.size() - 1; }
  std::size_t key_count() const { return keys_.size(); }
  /// Number of values, the initial one included. Values of different keys share the numbers: what
  /// two keys hold is the same value exactly if the numbers are equal.
  std::size_t value_count() const { return values_.size(); }
  Value key(TxnKey k) const { return keys_.value(k); }
  Value value(TxnValue v) const { return v == initial_value ? initial_ : values_.value(v); }
  /// Every key stands for an element of a set and is the list [set element].
  bool sets() const { return sets_; }
  /// Real-time order between sessions means something.
  bool has_real_time() const { return real_time_; }

 private:
  friend class TransactionReader;
  std::vector<Txn> txns_;
  std::vector<TxnOp> ops_;
  std::vector<TxnValue> elements_;
  std::vector<std::size_t> list_begin_{0};
  std::vector<TxnIndex> by_session_;
  std::vector<std::size_t> session_begin_{0};
  Numbering keys_;
  Numbering values_;
  Value initial_;
  bool sets_ = false;
  bool real_time_ = false;
};

/// `datatype`: rw-register, list-append, grow-only-set (see set_members.h) or register (plain reads
/// and writes; a cas is a read and a write). Failed and indeterminate transactions are kept with
/// what they meant to do; their reads are `unread`, but for what an indeterminate cas of a register
/// expected. Errors: bad_data (a value that is no list of [f key value]; names the event).
/// `members` are those of a grow-only-set, else null.
Result<Transactions> read_transactions(const History& history, std::string_view datatype,
                                       const SetMembers* members = nullptr);

}  // namespace assay
