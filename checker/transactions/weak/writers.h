#pragma once
// Who wrote a value to a key. Values are numbered in the order of their first use, and most are
// written to one key only: a table by value finds those, near the ones of its time; a flat hash
// table has the others.

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
  Writers(std::size_t values, std::size_t writes) : writes_(writes), by_value_(values) {}

  void add(TxnKey key, TxnValue value, Writer writer) {
    Slot& slot = slot_for(key, value);
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
    const Slot& near = by_value_[value];
    if (near.writer.txn == no_txn || (near.key != key && slots_.empty())) return;
    const Slot& slot = near.key == key ? near : slots_[find_slot(key, value)];
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

  Slot& slot_for(TxnKey key, TxnValue value) {
    Slot& near = by_value_[value];
    if (near.writer.txn == no_txn || near.key == key) return near;
    if (slots_.empty()) slots_.resize(std::bit_ceil(2 * writes_ + 2));
    return slots_[find_slot(key, value)];
  }
  std::size_t find_slot(TxnKey key, TxnValue value) const {
    const std::size_t mask = slots_.size() - 1;
    const std::uint64_t both = (std::uint64_t{key} << 32U) | value;
    std::size_t at = static_cast<std::size_t>((both * 0x9E3779B97F4A7C15U) >> 20U) & mask;
    while (slots_[at].writer.txn != no_txn &&
           (slots_[at].key != key || slots_[at].value != value)) {
      at = (at + 1) & mask;
    }
    return at;
  }

  std::size_t writes_;
  std::vector<Slot> by_value_;
  std::vector<Slot> slots_;  ///< of values that several keys hold; made when there is one
  std::vector<Slot> more_;
};

}  // namespace assay::weak
