#pragma once
// Small random histories of sessions and transactions, built as the readers would build them.

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "history/history.h"

namespace assay {

/// One micro-operation. `list` is what a read of a list returned.
struct SmallOp {
  enum class Kind : std::uint8_t { read, write, append } kind = Kind::read;
  int key = 0;
  int value = 0;  ///< 0: the initial value, or a list's read
  std::vector<int> list;
};

struct SmallTxn {
  int session = 0;
  Outcome outcome = Outcome::ok;
  std::vector<SmallOp> ops;
};

/// Transactions in the order of their invocations; those of a session in its order.
using SmallTxns = std::vector<SmallTxn>;

/// As transactions of `datatype` (rw-register, list-append), or as plain keyed reads and writes
/// (register, one operation each, or a read and a write for a cas). Event 2 t invokes transaction
/// t. The order of events of different processes means nothing.
History as_history(const SmallTxns& txns, const std::string& datatype);

struct RandomTxns {
  int txns = 4;
  int sessions = 3;
  int keys = 2;
  int ops = 3;        ///< at most, a transaction
  double odd = 0.05;  ///< reads of anything at all
  double failed = 0.05;
  double info = 0.1;
  double stale = 0.4;   ///< reads of an earlier write than the last
  double repeat = 0.0;  ///< writes of a value that was written before
  bool lists = false;
};
SmallTxns random_txns(Random& random, const RandomTxns& options);

struct RandomOperations {
  int operations = 6;
  int sessions = 3;
  int keys = 2;
  double cas = 0.08;
  double odd = 0.02;  ///< reads of anything at all
  double failed = 0.03;
  double info = 0.06;
  double repeat = 0.0;  ///< writes of a value that was written before, or of the initial one
};
/// Single operations on single keys; a cas is a read and a write. Reads return any value that is
/// ever written to their key, or the initial one.
SmallTxns random_operations(Random& random, const RandomOperations& options);

/// For the message of a failed test.
std::string to_text(const SmallTxns& txns);

}  // namespace assay
