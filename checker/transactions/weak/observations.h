#pragma once
// Who read what from whom: the transactions that took effect as nodes of a graph, with the reads of
// other transactions' writes resolved to their writers.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "checker/transactions/transactions.h"

namespace assay::weak {

/// Node 0 is the initial state; node t + 1 is transaction t. Failed transactions, and those of
/// unknown outcome that nobody read from, are in no session and have neither reads nor writes.
using Node = std::uint32_t;
inline constexpr Node initial_node = 0;
inline constexpr std::uint32_t no_index = ~std::uint32_t{0};

/// An external read: of what another transaction, or nobody, wrote.
struct Read {
  TxnKey key;
  Node writer;
  std::uint32_t op;  ///< of Transactions::all_ops
};

/// What no order of commits can excuse.
enum class Flaw : std::uint8_t { thin_air, aborted, intermediate, internal, future, duplicate };
std::string_view name_of(Flaw flaw);

struct FlawedRead {
  Flaw flaw;
  Node reader;
  std::uint32_t op;
  std::uint32_t source_op;  ///< the write, or the earlier operation of the reader; or no_index
  Node source;              ///< whose; initial_node if nobody's
};

/// How reads of a value that more than one transaction wrote are resolved.
enum class Ambiguous : std::uint8_t { leave_out, latest, earliest };

/// A read with more than one candidate, and the one that was chosen.
struct Guess {
  Node reader;
  std::uint32_t op;
  Node writer;
};

/// list-append: the writer of one element precedes the writer of the next.
struct VersionEdge {
  Node from;
  Node to;
  Node reader;
  std::uint32_t op;
};

struct Observations {
  explicit Observations(const Transactions& txns) : transactions(&txns) {}

  const Transactions* transactions;
  std::vector<std::uint32_t> session;   ///< by node
  std::vector<std::uint32_t> position;  ///< by node: 1, 2, … in its session; 0: in none
  std::vector<std::uint32_t> session_begin;
  std::vector<Node> by_session;
  std::vector<std::uint32_t> read_begin;  ///< by node, into reads
  std::vector<Read> reads;                ///< in the order of the operations
  std::vector<std::uint32_t> write_begin;
  std::vector<TxnKey> written;  ///< by node: the keys it writes, ascending
  std::vector<FlawedRead> flaws;
  std::vector<Guess> guesses;
  std::vector<VersionEdge> versions;
  std::vector<Node> ambiguous_readers;  ///< by read with more than one candidate: whose it is
  bool lists = false;                   ///< reads of whole lists: one Read for each element
  bool wr_forward = true;               ///< every write that was read has the smaller number

  bool ambiguous() const { return !ambiguous_readers.empty(); }
  std::size_t node_count() const { return session.size(); }
  std::size_t session_count() const { return session_begin.size() - 1; }
  std::span<const Node> nodes_of(std::uint32_t s) const {
    return std::span(by_session).subspan(session_begin[s], session_begin[s + 1] - session_begin[s]);
  }
  std::span<const Read> reads_of(Node n) const {
    return std::span(reads).subspan(read_begin[n], read_begin[n + 1] - read_begin[n]);
  }
  std::span<const TxnKey> writes_of(Node n) const {
    return std::span(written).subspan(write_begin[n], write_begin[n + 1] - write_begin[n]);
  }
  /// O(log writes).
  bool writes(Node n, TxnKey key) const;
  const Txn& txn(Node n) const { return (*transactions)[n - 1]; }
};

/// O(n) expected, plus the length of the lists that were read.
Observations observe(const Transactions& transactions, Ambiguous ambiguous);

}  // namespace assay::weak
