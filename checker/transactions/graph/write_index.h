#pragma once
// WriteIndex: who wrote a value to a key.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "checker/transactions/transactions.h"

namespace assay {

/// One row a written (key, value). Not thread-safe while it grows.
class WriteIndex {
 public:
  struct Row {
    TxnKey key;
    TxnValue value;
    TxnIndex txn;            ///< the first of those that committed, that may have, or that failed
    std::uint32_t op;        ///< index into Transactions::all_ops
    std::uint32_t writers;   ///< that may have committed
    bool aborted;            ///< every writer failed
    bool final;              ///< the transaction's last write of the key
    bool twice;              ///< two or more writes of it committed
    std::uint32_t position;  ///< for the user
  };
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  explicit WriteIndex(const Transactions& txns);

  std::uint32_t find(TxnKey key, TxnValue value) const {
    const std::uint32_t near = by_value_[value];
    if (near == none || rows_[near].key == key) return near;
    return slots_.empty() ? none : slots_[find_slot(key, value)];
  }
  Row& operator[](std::uint32_t row) { return rows_[row]; }
  const Row& operator[](std::uint32_t row) const { return rows_[row]; }
  std::size_t size() const { return rows_.size(); }

 private:
  std::uint32_t& slot_for(TxnKey key, TxnValue value);
  std::size_t find_slot(TxnKey key, TxnValue value) const;

  std::vector<Row> rows_;
  /// By value, the row of the first key that it was written to: most are written to one only, and
  /// those of one time lie together.
  std::vector<std::uint32_t> by_value_;
  std::vector<std::uint32_t> slots_;  ///< a hash table of the others; made when there is one
};

}  // namespace assay
