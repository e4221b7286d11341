#pragma once
// Interning: names to small numbers, values to ValueIds. Values are kept as their canonical bytes
// in one arena, because a pool of Value objects would take ten times the memory.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "history/history.h"
#include "history/pages.h"
#include "history/value.h"

namespace assay {

class Decoder;

/// Strings to 0, 1, 2, … in the order of their first use. Not thread-safe.
class StringTable {
 public:
  std::uint32_t intern(std::string_view text);
  std::optional<std::uint32_t> find(std::string_view text) const;
  std::string_view operator[](std::uint32_t id) const { return texts_[id]; }
  std::size_t size() const { return texts_.size(); }

 private:
  std::vector<std::string_view> texts_;  // views of the map's keys, which never move
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> ids_;
};

/// ValueIds to small numbers: a hash table without deletion, 16 bytes a slot. Not thread-safe.
class IdTable {
 public:
  /// The number of `id`, which becomes `number` if it has none.
  std::uint32_t insert(ValueId id, std::uint32_t number);
  std::optional<std::uint32_t> find(ValueId id) const;

 private:
  struct Slot {
    ValueId id{};
    std::uint32_t number_plus_one = 0;
  };
  std::size_t slot_of(ValueId id) const;
  void grow();

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

/// Values met while reading, before the pool is asked: what can be done for many parts of an input
/// at a time. The bytes must stay until the pool has taken them.
class ValueBatch {
 public:
  /// The next value: its id, or a stand-in for what only the pool can number. Check in.failed().
  ValueId add_next(Decoder& in);
  /// The id of what add_next returned. REQUIRES: ValuePool::intern(batch).
  ValueId resolve(ValueId id) const;
  void clear();

 private:
  friend class ValuePool;
  struct Entry {
    std::string_view bytes;
    std::uint32_t hash;
  };
  ValueId add(std::string_view bytes);

  std::vector<Entry> entries_;
  std::deque<std::string> rewritten_;  ///< the canonical bytes of what was encoded otherwise
  std::vector<ValueId> ids_;
};

/// Values to ValueIds. nil, integers of up to 60 bits and pairs of integers of up to 30 bits are in
/// the id itself; everything else is an index into the pool. Interning is not thread-safe; the
/// const functions are.
class ValuePool {
 public:
  ValueId intern(const Value& value);
  /// Numbers the values of a batch, in their order.
  void intern(ValueBatch& batch);
  std::optional<ValueId> find(const Value& value) const;
  Value value(ValueId id) const;
  /// The same into `value`, whose memory is used again where that is easy.
  void get(ValueId id, Value& value) const;
  /// The canonical bytes of a pooled value. Empty for a value that is in its id.
  std::string_view bytes(ValueId id) const;

 private:
  /// A history of few values takes little, one of many large pages.
  static constexpr std::size_t first_chunk_bytes = std::size_t{64} << 10U;
  static constexpr std::size_t chunk_bytes = std::size_t{2} << 20U;
  ValueId intern_pooled(std::string_view bytes, std::uint32_t hash);
  std::string_view entry(std::size_t index) const;
  std::size_t slot_of(std::string_view bytes, std::uint32_t hash) const;
  void store(std::string_view bytes);
  void grow();

  std::vector<PlainArray<char>> chunks_;  // an arena
  std::size_t used_ = 0;                  // of the last chunk; larger entries have their own
  std::size_t capacity_ = 0;              // of the last chunk
  std::vector<const char*> entries_;      // each a length, then the bytes
  PlainArray<std::uint64_t> slots_;       // hash in the high half, index + 1 in the low
  std::size_t slot_count_ = 0;
  std::string scratch_;
};

}  // namespace assay
