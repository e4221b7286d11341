#pragma once
// Numbering: values, by their canonical bytes, to 0, 1, 2, … in the order of their first use.
// Integers, the usual case, never become strings: dense ones index a table, others are hashed.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "history/codec.h"
#include "history/value.h"
#include "history/value_cursor.h"

namespace assay {

/// Not thread-safe; the const functions are.
class Numbering {
 public:
  Numbering() = default;
  Numbering(Numbering&&) = default;
  Numbering& operator=(Numbering&&) = default;
  Numbering(const Numbering&) = delete;  // entries point into others_
  Numbering& operator=(const Numbering&) = delete;
  ~Numbering() = default;

  /// The number of the value at `cursor`, which is stepped over.
  std::uint32_t at(ValueCursor& cursor) {
    if (cursor.is_integer()) return integer(cursor.integer());
    return other(cursor.take());
  }
  std::uint32_t of(const Value& value) {
    std::string bytes;
    append_value(value, bytes);
    ValueCursor cursor(bytes);
    return at(cursor);
  }
  std::uint32_t integer(std::int64_t value) {
    const auto index = static_cast<std::uint64_t>(value);  // of a negative one far too large
    if (index >= direct_.size()) {
      if (index >= std::max(direct_min, 4 * std::uint64_t{entries_.size()})) return hashed(value);
      widen_direct(static_cast<std::size_t>(index));
    }
    if (direct_[index] == none) direct_[index] = fresh_integer(value);
    return direct_[index];
  }
  std::uint32_t other(std::string_view bytes) {
    const auto [found, fresh] = others_.try_emplace(std::string(bytes), 0);
    if (fresh) {
      found->second = static_cast<std::uint32_t>(entries_.size());
      entries_.push_back({0, &found->first});
    }
    return found->second;
  }
  /// A number that no value of the history gets.
  std::uint32_t reserve() {
    entries_.push_back({0, &reserved()});
    return static_cast<std::uint32_t>(entries_.size() - 1);
  }

  /// Numbers what `more` has, in its order; its numbers to these. A reserved number stays 0.
  std::vector<std::uint32_t> absorb(const Numbering& more) {
    std::vector<std::uint32_t> number(more.size(), 0);
    const bool has_reserved = !more.entries_.empty() && more.entries_[0].bytes == &reserved();
    for (std::size_t i = has_reserved ? 1 : 0; i < more.size(); ++i) {
      const Entry& entry = more.entries_[i];
      number[i] = entry.bytes == nullptr ? integer(entry.integer) : other(*entry.bytes);
    }
    return number;
  }

  std::size_t size() const { return entries_.size(); }
  void expect(std::size_t size) { entries_.reserve(size); }
  Value value(std::uint32_t number) const {
    const Entry& entry = entries_[number];
    if (entry.bytes == nullptr) return entry.integer;
    return entry.bytes->empty() ? Value() : Decoder(*entry.bytes).value();
  }

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;
  /// Integers below it always index the table; larger ones if a quarter of the table is used.
  static constexpr std::uint64_t direct_min = std::uint64_t{1} << 24U;
  struct Entry {
    std::int64_t integer;
    const std::string* bytes;  ///< null: the integer
  };
  struct Slot {
    std::int64_t value;
    std::uint32_t number;
  };

  static const std::string& reserved() {
    static const std::string empty;
    return empty;
  }
  std::uint32_t fresh_integer(std::int64_t value) {
    entries_.push_back({value, nullptr});
    return static_cast<std::uint32_t>(entries_.size() - 1);
  }
  static std::size_t hash(std::int64_t value) {
    std::uint64_t h = static_cast<std::uint64_t>(value) * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(h ^ (h >> 32U));
  }
  std::uint32_t hashed(std::int64_t value) {
    if (hashed_count_ * 2 >= slots_.size()) rehash(slots_.empty() ? 64 : slots_.size() * 2);
    Slot& slot = slot_of(value);
    if (slot.number == none) {
      slot = {value, fresh_integer(value)};
      ++hashed_count_;
    }
    return slot.number;
  }
  Slot& slot_of(std::int64_t value) {
    for (std::size_t i = hash(value);; ++i) {
      Slot& slot = slots_[i & (slots_.size() - 1)];
      if (slot.number == none || slot.value == value) return slot;
    }
  }
  void rehash(std::size_t size) {
    std::vector<Slot> old(size, Slot{0, none});
    old.swap(slots_);
    hashed_count_ = 0;
    for (const Slot& slot : old) {
      if (slot.number == none) continue;
      if (static_cast<std::uint64_t>(slot.value) < direct_.size()) {
        direct_[static_cast<std::size_t>(slot.value)] = slot.number;
      } else {
        slot_of(slot.value) = slot;
        ++hashed_count_;
      }
    }
  }
  void widen_direct(std::size_t index) {
    direct_.resize(index + index / 2 + 64, none);
    if (hashed_count_ > 0) rehash(slots_.size());  // the table takes over what it now covers
  }

  std::vector<Entry> entries_;
  std::vector<std::uint32_t> direct_;
  std::vector<Slot> slots_;
  std::size_t hashed_count_ = 0;
  std::unordered_map<std::string, std::uint32_t> others_;  // its keys never move
};

}  // namespace assay
