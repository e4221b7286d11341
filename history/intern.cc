#include "history/intern.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "history/codec.h"
#include "history/digest.h"
#include "history/integer.h"

namespace assay {
namespace {

/// A table of so many names is looked through instead of asked.
constexpr std::size_t looked_at = 8;

constexpr unsigned tag_bits = 2;
constexpr std::uint64_t tag_integer = 1;
constexpr std::uint64_t tag_pool = 2;
constexpr std::uint64_t tag_pair = 3;  // what a compare-and-set is given
// integer.h knows the tag.
static_assert(integer_in(ValueId{(5U << tag_bits) | tag_integer}) == 5 &&
              id_of(5) == ValueId{(5U << tag_bits) | tag_integer});
constexpr std::int64_t integer_limit = std::int64_t{1} << 60U;
constexpr unsigned half_bits = 31;
constexpr std::int64_t half_limit = std::int64_t{1} << (half_bits - 1);

std::uint64_t bits_of(ValueId id) { return static_cast<std::uint64_t>(id); }
std::uint64_t tag_of(ValueId id) { return bits_of(id) & ((1U << tag_bits) - 1); }

std::optional<ValueId> integer_in_place(std::int64_t integer) {
  if (integer < -integer_limit || integer >= integer_limit) return std::nullopt;
  return static_cast<ValueId>((static_cast<std::uint64_t>(integer) << tag_bits) | tag_integer);
}

/// A pair of integers of 31 bits.
std::optional<ValueId> halves_in_place(std::int64_t first, std::int64_t second) {
  if (first < -half_limit || first >= half_limit || second < -half_limit || second >= half_limit) {
    return std::nullopt;
  }
  constexpr std::uint64_t mask = (std::uint64_t{1} << half_bits) - 1;
  return static_cast<ValueId>(
      ((static_cast<std::uint64_t>(first) & mask) << (half_bits + tag_bits)) |
      ((static_cast<std::uint64_t>(second) & mask) << tag_bits) | tag_pair);
}

/// The integer in the 31 bits from `shift` on.
std::int64_t half_at(ValueId id, unsigned shift) {
  const std::uint64_t at_the_top = bits_of(id) << (64 - half_bits - shift);
  return static_cast<std::int64_t>(at_the_top) >> (64 - half_bits);
}

std::optional<ValueId> pair_in_place(const Value::List& list) {
  if (list.size() != 2) return std::nullopt;
  const auto* first = list[0].get_if<std::int64_t>();
  const auto* second = list[1].get_if<std::int64_t>();
  if (first == nullptr || second == nullptr) return std::nullopt;
  return halves_in_place(*first, *second);
}

std::optional<ValueId> in_place(const Value& value) {
  if (value.is_nil()) return nil_value;
  if (const auto* list = value.get_if<Value::List>()) return pair_in_place(*list);
  const auto* integer = value.get_if<std::int64_t>();
  return integer == nullptr ? std::nullopt : integer_in_place(*integer);
}

ValueId pool_id(std::size_t index) {
  return static_cast<ValueId>((std::uint64_t{index} << tag_bits) | tag_pool);
}

std::uint32_t hash_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(hash64(bytes) >> 32U);
}

}  // namespace

std::uint32_t StringTable::intern(std::string_view text) {
  if (const auto known = find(text)) return *known;
  const auto id = static_cast<std::uint32_t>(texts_.size());
  const auto it = ids_.emplace(std::string(text), id).first;
  texts_.push_back(it->first);
  return id;
}

std::optional<std::uint32_t> StringTable::find(std::string_view text) const {
  // Most tables hold a handful of names, found faster by looking than by hashing.
  if (texts_.size() <= looked_at) {
    for (std::size_t i = 0; i < texts_.size(); ++i) {
      if (texts_[i] == text) return static_cast<std::uint32_t>(i);
    }
    return std::nullopt;
  }
  if (auto it = ids_.find(text); it != ids_.end()) return it->second;
  return std::nullopt;
}

std::size_t IdTable::slot_of(ValueId id) const {
  const std::size_t mask = slots_.size() - 1;
  std::uint64_t hash = bits_of(id) * 0x9E3779B97F4A7C15U;
  hash ^= hash >> 32U;
  std::size_t at = static_cast<std::size_t>(hash) & mask;
  while (slots_[at].number_plus_one != 0 && slots_[at].id != id) at = (at + 1) & mask;
  return at;
}

void IdTable::grow() {
  std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.number_plus_one != 0) slots_[slot_of(slot.id)] = slot;
  }
}

std::uint32_t IdTable::insert(ValueId id, std::uint32_t number) {
  if ((used_ + 1) * 3 > slots_.size() * 2) grow();
  Slot& slot = slots_[slot_of(id)];
  if (slot.number_plus_one != 0) return slot.number_plus_one - 1;
  slot = {id, number + 1};
  ++used_;
  return number;
}

std::optional<std::uint32_t> IdTable::find(ValueId id) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_of(id)];
  if (slot.number_plus_one == 0) return std::nullopt;
  return slot.number_plus_one - 1;
}

std::string_view ValuePool::entry(std::size_t index) const {
  const char* start = entries_[index];
  std::uint32_t length = 0;
  std::memcpy(&length, start, sizeof length);
  return {start + sizeof length, length};
}

std::size_t ValuePool::slot_of(std::string_view bytes, std::uint32_t hash) const {
  const std::size_t mask = slot_count_ - 1;
  std::size_t at = hash & mask;
  while (slots_[at] != 0) {
    const std::uint64_t slot = slots_[at];
    const auto index = static_cast<std::size_t>((slot & 0xFFFFFFFFU) - 1);
    if (static_cast<std::uint32_t>(slot >> 32U) == hash && entry(index) == bytes) break;
    at = (at + 1) & mask;
  }
  return at;
}

void ValuePool::store(std::string_view bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  const std::size_t needed = sizeof length + bytes.size();
  char* at = nullptr;
  if (needed > chunk_bytes / 4) {
    // A large value gets a chunk of its own, put before the open one.
    PlainArray<char> chunk(needed);
    at = chunk.get();
    chunks_.insert(capacity_ == 0 ? chunks_.end() : chunks_.end() - 1, std::move(chunk));
  } else {
    if (capacity_ - used_ < needed) {
      const std::size_t larger = capacity_ == 0 ? first_chunk_bytes : chunk_bytes;
      chunks_.emplace_back(capacity_ = std::max(larger, needed));
      used_ = 0;
    }
    at = chunks_.back().get() + used_;
    used_ += needed;
  }
  std::memcpy(at, &length, sizeof length);
  std::memcpy(at + sizeof length, bytes.data(), bytes.size());
  entries_.push_back(at);
}

void ValuePool::grow() {
  const std::size_t old_count = slot_count_;
  slot_count_ = old_count == 0 ? 64 : old_count * 2;
  const PlainArray<std::uint64_t> old =
      std::exchange(slots_, PlainArray<std::uint64_t>(slot_count_));
  std::fill_n(slots_.get(), slot_count_, std::uint64_t{0});
  const std::size_t mask = slot_count_ - 1;
  for (std::size_t i = 0; i < old_count; ++i) {
    if (old[i] == 0) continue;
    std::size_t at = static_cast<std::size_t>(old[i] >> 32U) & mask;
    while (slots_[at] != 0) at = (at + 1) & mask;
    slots_[at] = old[i];
  }
}

ValueId ValuePool::intern(const Value& value) {
  if (const auto id = in_place(value)) return *id;
  scratch_.clear();
  append_value(value, scratch_);
  return intern_pooled(scratch_, hash_of(scratch_));
}

void ValuePool::intern(ValueBatch& batch) {
  // Each slot is a miss of the cache, but which ones are needed is known before.
  constexpr std::size_t ahead = 16;
  const auto& entries = batch.entries_;
  batch.ids_.resize(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i + ahead < entries.size() && slot_count_ != 0) {
      __builtin_prefetch(&slots_[entries[i + ahead].hash & (slot_count_ - 1)]);
    }
    batch.ids_[i] = intern_pooled(entries[i].bytes, entries[i].hash);
  }
}

ValueId ValuePool::intern_pooled(std::string_view bytes, std::uint32_t hash) {
  if ((entries_.size() + 1) * 3 > slot_count_ * 2) grow();
  const std::size_t at = slot_of(bytes, hash);
  if (slots_[at] == 0) {
    store(bytes);
    slots_[at] = (std::uint64_t{hash} << 32U) | entries_.size();
  }
  return pool_id(static_cast<std::size_t>((slots_[at] & 0xFFFFFFFFU) - 1));
}

ValueId ValueBatch::add_next(Decoder& in) {
  std::int64_t first = 0;
  std::int64_t second = 0;
  const std::size_t begin = in.position();
  if (in.take_integer(first)) {
    if (const auto id = integer_in_place(first)) return *id;
    in.rewind(in.failed() ? in.position() : begin);
  } else if (in.take_nil()) {
    return nil_value;
  } else if (in.take_pair()) {
    if (in.take_integer(first) && in.take_integer(second)) {
      if (const auto id = halves_in_place(first, second)) return *id;
    }
    if (in.failed()) return nil_value;
    in.rewind(begin);
  }
  const Decoder::Raw raw = in.raw_value();
  if (in.failed()) return nil_value;
  if (raw.canonical) return add(raw.bytes);
  const Value value = Decoder(raw.bytes).value();
  if (const auto id = in_place(value)) return *id;
  append_value(value, rewritten_.emplace_back());
  return add(rewritten_.back());
}

ValueId ValueBatch::add(std::string_view bytes) {
  entries_.push_back({bytes, hash_of(bytes)});
  return pool_id(entries_.size() - 1);
}

ValueId ValueBatch::resolve(ValueId id) const {
  return tag_of(id) == tag_pool ? ids_[static_cast<std::size_t>(bits_of(id) >> tag_bits)] : id;
}

void ValueBatch::clear() {
  entries_.clear();
  rewritten_.clear();
  ids_.clear();
}

std::optional<ValueId> ValuePool::find(const Value& value) const {
  if (const auto id = in_place(value)) return id;
  if (slot_count_ == 0) return std::nullopt;
  std::string bytes;
  append_value(value, bytes);
  const std::uint64_t slot = slots_[slot_of(bytes, hash_of(bytes))];
  if (slot == 0) return std::nullopt;
  return pool_id(static_cast<std::size_t>((slot & 0xFFFFFFFFU) - 1));
}

std::string_view ValuePool::bytes(ValueId id) const {
  if (tag_of(id) != tag_pool) return {};
  const auto index = static_cast<std::size_t>(bits_of(id) >> tag_bits);
  ASSAY_ASSERT(index < entries_.size());
  return entry(index);
}

void ValuePool::get(ValueId id, Value& value) const {
  auto* list = value.get_if<Value::List>();
  if (tag_of(id) == tag_pair && list != nullptr && list->size() == 2) {
    (*list)[0] = half_at(id, tag_bits + half_bits);
    (*list)[1] = half_at(id, tag_bits);
  } else {
    value = this->value(id);
  }
}

Value ValuePool::value(ValueId id) const {
  if (id == nil_value) return {};
  if (tag_of(id) == tag_integer) return static_cast<std::int64_t>(bits_of(id)) >> tag_bits;
  if (tag_of(id) == tag_pair) {
    return Value::List{half_at(id, tag_bits + half_bits), half_at(id, tag_bits)};
  }
  Decoder decoder(bytes(id));
  Value value = decoder.value();
  ASSAY_ASSERT(!decoder.failed());
  return value;
}

}  // namespace assay
