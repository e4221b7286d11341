#pragma once
// Who wrote a value to a key: a flat hash table over the writes of a history.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "checker/transactions/transactions.h"

namespace assay::weak {

struct Writer {
  TxnIndex txn;
  std::uint32_t op;
};

/// Thread-safe once all writes are added and seal() was called.
class Writers {
 public:
  explicit Writers(std::size_t writes)
      : mask_(std::bit_ceil(2 * writes + 2) - 1), slots_(mask_ + 1) {}

  void add(TxnKey key, TxnValue value, Writer writer) {
    Slot& slot = slots_[find_slot(key, value)];
    if (slot.writer.txn == no_txn) {
      slot = {key, value, writer, false};
      return;
    }
    slot.more = true;
    more_.push_back({key, value, writer, true});
  }

  void seal() { std::stable_sort(more_.begin(), more_.end(), before); }

  /// Calls `visit` with every write of the value, in the order they were added.
  template <class Visit>
  void each(TxnKey key, TxnValue value, Visit visit) const {
    const Slot& slot = slots_[find_slot(key, value)];
    if (slot.writer.txn == no_txn) return;
    visit(slot.writer);
    if (!slot.more) return;
    const auto [begin, end] = std::equal_range(more_.begin(), more_.end(), slot, before);
    for (auto at = begin; at != end; ++at) visit(at->writer);
  }

 private:
  struct Slot {
    TxnKey key = 0;
    TxnValue value = 0;
    Writer writer{no_txn, 0};
    bool more = false;  ///< there are others in more_
  };

  static bool before(const Slot& a, const Slot& b) {
    return a.key != b.key ? a.key < b.key : a.value < b.value;
  }

  std::size_t find_slot(TxnKey key, TxnValue value) const {
    const std::uint64_t both = (std::uint64_t{key} << 32U) | value;
    std::size_t at = static_cast<std::size_t>((both * 0x9E3779B97F4A7C15U) >> 20U) & mask_;
    while (slots_[at].writer.txn != no_txn &&
           (slots_[at].key != key || slots_[at].value != value)) {
      at = (at + 1) & mask_;
    }
    return at;
  }

  std::size_t mask_;
  std::vector<Slot> slots_;
  std::vector<Slot> more_;
};

}  // namespace assay::weak
