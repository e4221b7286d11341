#pragma once
// Facts: the transactions of a history as the polygraph sees them: what each read of others, and
// what it left for others. Everything that one transaction alone, or one read and its possible
// writers, can refute is refuted here.

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "checker/transactions/transactions.h"

namespace assay::polygraph {

using NodeId = std::uint32_t;  ///< a transaction that took effect, or may have
/// The writer of every key's initial value.
inline constexpr NodeId initial_writer = std::numeric_limits<NodeId>::max();

struct Node {
  TxnIndex txn;
  std::uint32_t session;
  std::uint32_t place;  ///< in its session
  std::int64_t start;
  std::int64_t end;
  bool certain;  ///< committed; else it may take effect at any time after its start
  std::uint32_t first_read;
  std::uint32_t read_count;
  std::uint32_t first_write;
  std::uint32_t write_count;
};

/// A read of a value that the transaction had not written itself, with those who may have.
struct ExternalRead {
  TxnKey key;
  std::uint32_t first_candidate;
  std::uint32_t candidate_count;  ///< at least 1
};

/// Why a history is refuted before any order is looked at.
struct Refutation {
  std::string type;            ///< G1a, G1b, internal, garbage-read, future-read
  std::vector<TxnIndex> txns;  ///< the first one is to blame
  TxnKey key;
  TxnValue value;
};

struct Facts {
  std::vector<Node> nodes;
  std::vector<ExternalRead> reads;
  std::vector<NodeId> candidates;
  std::vector<TxnKey> writes;
  std::size_t key_count = 0;
  std::vector<TxnKey> key_names;  ///< by key: what it is called in the transactions
  std::size_t session_count = 0;

  std::span<const ExternalRead> reads_of(NodeId n) const {
    return std::span(reads).subspan(nodes[n].first_read, nodes[n].read_count);
  }
  std::span<const NodeId> candidates_of(const ExternalRead& read) const {
    return std::span(candidates).subspan(read.first_candidate, read.candidate_count);
  }
  std::span<const TxnKey> writes_of(NodeId n) const {
    return std::span(writes).subspan(nodes[n].first_write, nodes[n].write_count);
  }
  /// The part of `kept` (ascending): all its writes, and of its reads those whose candidates are
  /// all in it. If these facts have an order, so has their part: see docs/certificates.md.
  Facts part(std::span<const NodeId> kept) const;

 private:
  void number_anew(const Facts& whole);
};

struct Gathered {
  Facts facts;
  std::vector<Refutation> refutations;
};

/// Indeterminate transactions are kept if somebody may have read from them. They never follow
/// anything in their session, so one that never took effect is as good as one that comes last.
/// O(operations).
Gathered gather(const Transactions& transactions, std::size_t max_refutations);

}  // namespace assay::polygraph
