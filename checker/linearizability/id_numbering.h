#pragma once
// IdNumbering: ValueIds to 0, 1, 2, … in the order of their first use: small integers, which most
// values are, by a table of their own, the rest by open addressing. Made anew for every key, so
// forgetting everything must cost nothing: entries carry a generation.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "history/history.h"
#include "history/integer.h"

namespace assay {

/// Not thread-safe. All operations O(1) amortized.
class IdNumbering {
 public:
  static constexpr std::uint32_t none = 0xffffffffU;

  /// `expected`: about how many values will come; integers up to twice that have a place each.
  void clear(std::size_t expected = 0) {
    count_ = 0;
    small_ = 2 * expected;
    if (++generation_ != 0) return;
    table_.assign(table_.size(), Slot{});
    integers_.assign(integers_.size(), Small{});
    generation_ = 1;
  }
  std::uint32_t size() const { return count_; }
  /// A number for something that has no ValueId.
  std::uint32_t next() { return count_++; }

  std::uint32_t number(ValueId id) {
    if (const auto integer = integer_in(id); integer.has_value() && is_small(*integer)) {
      const auto at = static_cast<std::size_t>(*integer);
      if (at >= integers_.size()) integers_.resize(std::min(small_, at + at / 2 + 64));
      Small& slot = integers_[at];
      if (slot.generation != generation_) slot = {count_++, generation_};
      return slot.number;
    }
    if (table_.size() < 2 * (std::size_t{count_} + 1)) grow();
    Slot& slot = table_[slot_of(static_cast<std::uint64_t>(id))];
    if (slot.generation != generation_) {
      slot = {static_cast<std::uint64_t>(id), count_++, generation_};
    }
    return slot.number;
  }

  /// Starts loading what number(id) is going to need.
  void prefetch(ValueId id) const {
    if (const auto integer = integer_in(id); integer.has_value() && is_small(*integer)) {
      const auto at = static_cast<std::size_t>(*integer);
      if (at < integers_.size()) __builtin_prefetch(&integers_[at]);
    } else if (!table_.empty()) {
      __builtin_prefetch(&table_[hash_of(static_cast<std::uint64_t>(id))]);
    }
  }

  /// none: not numbered yet.
  std::uint32_t find(ValueId id) const {
    if (const auto integer = integer_in(id); integer.has_value() && is_small(*integer)) {
      const auto at = static_cast<std::size_t>(*integer);
      const bool known = at < integers_.size() && integers_[at].generation == generation_;
      return known ? integers_[at].number : none;
    }
    if (table_.empty()) return none;
    const Slot& slot = table_[slot_of(static_cast<std::uint64_t>(id))];
    return slot.generation == generation_ ? slot.number : none;
  }

 private:
  struct Slot {
    std::uint64_t id = 0;
    std::uint32_t number = 0;
    std::uint32_t generation = 0;
  };

  struct Small {
    std::uint32_t number = 0;
    std::uint32_t generation = 0;
  };
  bool is_small(std::int64_t integer) const {
    return integer >= 0 && static_cast<std::uint64_t>(integer) < small_;
  }

  std::size_t hash_of(std::uint64_t id) const {
    return ((id * 0x9e3779b97f4a7c15ULL) >> 24U) & (table_.size() - 1);
  }
  std::size_t slot_of(std::uint64_t id) const {
    const std::size_t mask = table_.size() - 1;
    std::size_t i = hash_of(id);
    while (table_[i].generation == generation_ && table_[i].id != id) i = (i + 1) & mask;
    return i;
  }

  void grow() {
    std::vector<Slot> old(table_.empty() ? 64 : 4 * table_.size());
    std::swap(old, table_);
    for (const Slot& slot : old) {
      if (slot.generation == generation_) table_[slot_of(slot.id)] = slot;
    }
  }

  std::vector<Slot> table_;
  std::vector<Small> integers_;  ///< by integer
  std::size_t small_ = 0;        ///< integers below this are in integers_
  std::uint32_t count_ = 0;
  std::uint32_t generation_ = 1;
};

}  // namespace assay
