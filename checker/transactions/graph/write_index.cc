#include "checker/transactions/graph/write_index.h"

#include <algorithm>
#include <bit>

namespace assay {

WriteIndex::WriteIndex(const Transactions& txns) {
  std::size_t writes = 0;
  for (const TxnOp& op : txns.all_ops()) writes += op.writes() ? 1U : 0U;
  slots_.assign(std::bit_ceil(writes * 2 + 16), none);
  mask_ = slots_.size() - 1;
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
      std::size_t slot = hash(op.key, op.value);
      while (slots_[slot & mask_] != none && (rows_[slots_[slot & mask_]].key != op.key ||
                                              rows_[slots_[slot & mask_]].value != op.value)) {
        ++slot;
      }
      const auto number = txns[t].first_op + static_cast<std::uint32_t>(i);
      Row fresh{op.key, op.value, t, number, aborted ? 0U : 1U, aborted, last, false, none};
      std::uint32_t& row = slots_[slot & mask_];
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

}  // namespace assay
