#pragma once
// Version orders: in which order the versions of each key came to be, as the reads show it, who
// read which version, and the anomalies that are seen without any graph.
//
// - Lists (Kingsbury and Alvaro, "Elle", 2020): a list only grows, so a read of it shows the order
//   of all its elements; appends that nobody read come after those that somebody read.
// - Registers: a transaction that reads a version and writes the key puts its own version after
//   it. Where these steps form one chain from the initial version, the order is known (the
//   mini-transactions of "MTC", 2025); elsewhere only the steps are.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checker/transactions/transactions.h"

namespace assay {

/// A read, from other transactions, of the version that has `position` versions before and
/// including it: 0 read the initial version. Registers with an unknown order: the index of the
/// version read, plus one.
struct VersionRead {
  TxnIndex reader;
  TxnKey key;
  std::uint32_t position;
  std::uint32_t op;  ///< index into Transactions::all_ops
};

/// One version after another, although the whole order may not be known.
struct VersionStep {
  TxnKey key;
  std::uint32_t before;  ///< index into VersionOrders::writer; initial_version: the initial one
  std::uint32_t after;
  /// Who could not have seen what it did if they came the other way round; no_txn: the writer of
  /// `after` had read `before`; supposed: nobody.
  TxnIndex shown_by = no_txn;
};
inline constexpr TxnIndex supposed = no_txn - 1;
inline constexpr std::uint32_t initial_version = 0xFFFFFFFF;

/// An anomaly that needs no cycle.
struct GraphFinding {
  std::string_view type;
  TxnKey key;
  std::vector<TxnIndex> transactions;  ///< the one that saw it first, then those it concerns
  std::vector<TxnValue> values;        ///< what was read or written that should not have been
  std::string because;
};

struct VersionOrders {
  /// Of key k: writer[begin[k]] … writer[begin[k + 1]], one entry a version, of which the first
  /// known[k] are in their order. What follows comes after them, in an unknown order.
  std::vector<std::size_t> begin;
  std::vector<std::uint32_t> known;
  std::vector<TxnIndex> writer;
  std::vector<TxnValue> value;
  std::vector<TxnIndex> shown_by;  ///< per key: a transaction whose read shows the known part
  std::vector<VersionRead> reads;  ///< by reader, ascending
  std::vector<VersionStep> steps;  ///< registers: in addition to the known orders
  std::vector<bool> committed;     ///< ok, or indeterminate and seen
  std::vector<GraphFinding> findings;
  bool lists = false;
  bool completed = false;         ///< versions of unknown order were put into some order
  bool every_order_known = true;  ///< no key has two or more versions of unknown order
  std::string ambiguous;          ///< why reads cannot be matched to writes; mostly empty

  std::span<const TxnIndex> versions(TxnKey k) const {
    return std::span(writer).subspan(begin[k], begin[k + 1] - begin[k]);
  }
  std::span<const TxnIndex> known_versions(TxnKey k) const {
    return versions(k).subspan(0, known[k]);
  }
  std::span<const TxnIndex> tail(TxnKey k) const { return versions(k).subspan(known[k]); }
};

/// O(elements read). At most `findings_max` findings of each type are kept.
VersionOrders orders_of_lists(const Transactions& txns, int findings_max);
VersionOrders orders_of_registers(const Transactions& txns, int findings_max);

}  // namespace assay
