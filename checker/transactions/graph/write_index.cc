#include "checker/transactions/graph/write_index.h"

#include <algorithm>
#include <bit>

namespace assay {

WriteIndex::WriteIndex(const Transactions& txns) {
  std::size_t writes = 0;
  for (const TxnOp& op : txns.all_ops()) writes += op.writes() ? 1U : 0U;
  by_value_.assign(txns.value_count(), none);
  rows_.reserve(writes);
  for (TxnIndex t = 0; t < txns.size(); ++t) {
    const auto ops = txns.ops(t);
    const bool aborted = txns[t].outcome == Outcome::fail;
    const bool certain = txns[t].outcome == Outcome::ok;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      const TxnOp& op = ops[i];
      if (!op.writes()) continue;
      const bool last =
          std::none_of(ops.begin() + static_cast<std::ptrdiff_t>(i) + 1, ops.end(),
                       [&](const TxnOp& later) { return later.writes() && later.key == op.key; });
      const auto number = txns[t].first_op + static_cast<std::uint32_t>(i);
      Row fresh{op.key, op.value, t, number, aborted ? 0U : 1U, aborted, last, false, none};
      std::uint32_t& row = slot_for(op.key, op.value);
      if (row == none) {
        row = static_cast<std::uint32_t>(rows_.size());
        rows_.push_back(fresh);
        continue;
      }
      Row& known = rows_[row];
      const bool was_certain = !known.aborted && txns[known.txn].outcome == Outcome::ok;
      fresh.writers += known.writers;
      fresh.twice = known.twice || (certain && was_certain);
      if (known.aborted || (certain && !was_certain)) {
        known = fresh;
      } else if (!aborted) {
        known.writers = fresh.writers;
        known.twice = fresh.twice;
      }
    }
  }
}

std::uint32_t& WriteIndex::slot_for(TxnKey key, TxnValue value) {
  std::uint32_t& near = by_value_[value];
  if (near == none || rows_[near].key == key) return near;
  if (slots_.empty()) slots_.assign(std::bit_ceil(rows_.capacity() * 2 + 16), none);
  return slots_[find_slot(key, value)];
}

std::size_t WriteIndex::find_slot(TxnKey key, TxnValue value) const {
  const std::size_t mask = slots_.size() - 1;
  const std::uint64_t both = (std::uint64_t{key} << 32U) | value;
  std::size_t at = static_cast<std::size_t>((both * 0x9E3779B97F4A7C15U) >> 20U) & mask;
  while (slots_[at] != none && (rows_[slots_[at]].key != key || rows_[slots_[at]].value != value)) {
    at = (at + 1) & mask;
  }
  return at;
}

}  // namespace assay
