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
    for (std::size_t i = hash(key, value);; ++i) {
      const std::uint32_t row = slots_[i & mask_];
      if (row == none) return none;
      if (rows_[row].key == key && rows_[row].value == value) return row;
    }
  }
  Row& operator[](std::uint32_t row) { return rows_[row]; }
  const Row& operator[](std::uint32_t row) const { return rows_[row]; }
  std::size_t size() const { return rows_.size(); }

 private:
  static std::size_t hash(TxnKey key, TxnValue value) {
    // Values of one key often follow each other, and so do their slots.
    const std::uint64_t h = std::uint64_t{key} * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>((h >> 24U) + value);
  }
  std::vector<Row> rows_;
  std::vector<std::uint32_t> slots_;
  std::size_t mask_ = 0;
};

}  // namespace assay
