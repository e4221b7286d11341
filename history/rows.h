#pragma once
// How a History lies in memory: 32 bytes an operation, half a cache line, because a checker takes
// the operations of one key from all over the run. What is usually small is stored narrow, with the
// rare wide rows and values aside. Memory grows by chunks that never move, so that building never
// needs the double. Only the files of this room that build or read a History include this.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "history/history.h"
#include "history/intern.h"
#include "history/pages.h"

namespace assay {

/// An array of plain values that grows by chunks. Only the first chunk moves, while it is small.
template <class T, unsigned chunk_bits = 16>
class ChunkedArray {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  std::size_t size() const { return size_; }
  T& operator[](std::size_t i) { return chunks_[i >> chunk_bits][i & mask]; }
  const T& operator[](std::size_t i) const { return chunks_[i >> chunk_bits][i & mask]; }
  void push_back(const T& value) {
    if (size_ == capacity_) extend();
    (*this)[size_++] = value;
  }

 private:
  static constexpr std::size_t chunk = std::size_t{1} << chunk_bits;
  static constexpr std::size_t mask = chunk - 1;
  static constexpr std::size_t first = 32;
  using Chunk = PlainArray<T>;

  void extend() {
    if (capacity_ == 0 || capacity_ >= chunk) {
      const std::size_t count = capacity_ == 0 ? first : chunk;
      chunks_.emplace_back(count);
      capacity_ += count;
      return;
    }
    const std::size_t count = std::min(chunk, capacity_ * 4);
    Chunk larger(count);
    std::memcpy(larger.get(), chunks_[0].get(), size_ * sizeof(T));
    chunks_[0] = std::move(larger);
    capacity_ = count;
  }

  std::vector<Chunk> chunks_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// A column of strings that few rows have; takes nothing where none has.
class RareTexts {
 public:
  void set(std::size_t row, std::string_view text) {
    if (text.empty()) return;
    if (chunks_.size() <= row / chunk) chunks_.resize(row / chunk + 1);
    auto& ids = chunks_[row / chunk];
    if (ids == nullptr) ids = std::make_unique<Ids>();
    const std::uint32_t id = texts_.intern(text) + 1;
    (*ids)[row % chunk] = id < wide ? static_cast<std::uint16_t>(id) : wide;
    if (id >= wide) wide_[row] = id;
  }
  std::string_view operator[](std::size_t row) const {
    if (row / chunk >= chunks_.size() || chunks_[row / chunk] == nullptr) return {};
    const std::uint16_t id = (*chunks_[row / chunk])[row % chunk];
    if (id == 0) return {};
    return texts_[(id != wide ? id : wide_.at(row)) - 1];
  }

 private:
  static constexpr std::size_t chunk = 4096;
  static constexpr std::uint16_t wide = std::numeric_limits<std::uint16_t>::max();
  using Ids = std::array<std::uint16_t, chunk>;
  StringTable texts_;
  std::vector<std::unique_ptr<Ids>> chunks_;
  std::unordered_map<std::size_t, std::uint32_t> wide_;
};

/// The fields of a row that have a narrow form, in full.
struct WideRow {
  std::uint64_t invoke_event = 0;
  std::uint64_t completed_after = 0;  ///< completion's index - invocation's; 0: never returned
  std::int64_t invoked = 0;
  std::int64_t completed = 0;  ///< as invoked until it returns
  FunctionId function = 0;
  std::uint32_t node = 0;  ///< number in nodes, plus one; 0: none

  bool operator==(const WideRow&) const = default;
};

/// The operations. Every access is O(1); reading is thread-safe.
class Rows {
 public:
  std::size_t size() const { return rows_.size(); }
  void prefetch(std::size_t row) const { __builtin_prefetch(&rows_[row]); }

  /// An operation as its invocation tells it; open until complete().
  struct Invocation {
    std::uint64_t event;
    std::int64_t time;
    std::uint32_t function;
    std::uint32_t node;
    ProcessId process;
    KeyId key;
    ValueId argument;
  };
  void add(const Invocation& f) {
    const std::size_t row = size();
    if (row % base_rows == 0) bases_.push_back(last_base_ = {f.event, f.time});
    const std::uint64_t invoke = f.event - last_base_.event;
    const std::uint64_t start = difference(f.time, last_base_.time);
    rows_.push_back({.start = static_cast<std::uint32_t>(start),
                     .duration = 0,
                     .argument = narrow(f.argument),
                     .result = 0,
                     .key = f.key,
                     .process = f.process,
                     .invoke = static_cast<std::uint16_t>(invoke),
                     .after = 0,
                     .node = static_cast<std::uint16_t>(f.node),
                     .function = static_cast<std::uint8_t>(f.function),
                     .state = static_cast<std::uint8_t>(Outcome::info)});
    if (invoke <= narrow_16 && start <= narrow_32 && f.function <= narrow_8 &&
        f.node <= narrow_16) {
      return;
    }
    widen(row, {.invoke_event = f.event,
                .completed_after = 0,
                .invoked = f.time,
                .completed = f.time,
                .function = static_cast<FunctionId>(f.function),
                .node = f.node});
  }
  /// Sets when and how an operation returned. `event` and `time` are the completion's.
  void complete(std::size_t row, std::uint64_t event, std::int64_t time, Outcome outcome) {
    Row& r = rows_[row];
    r.state =
        static_cast<std::uint8_t>((r.state & ~outcome_mask) | static_cast<std::uint8_t>(outcome));
    const std::uint64_t after = event - invoke_event(row);
    const std::uint64_t duration = difference(time, invoked(row));
    if (!is_wide(r) && after <= narrow_16 && duration <= narrow_32) {
      r.after = static_cast<std::uint16_t>(after);
      r.duration = static_cast<std::uint32_t>(duration);
      return;
    }
    WideRow fields = this->fields(row);
    fields.completed_after = after;
    fields.completed = time;
    widen(row, fields);
  }
  void set_result(std::size_t row, ValueId id) {
    rows_[row].result = id == argument(row) ? same_as_argument : narrow(id);
  }
  void set_node(std::size_t row, std::uint32_t node) {
    if (!is_wide(rows_[row]) && node <= narrow_16) {
      rows_[row].node = static_cast<std::uint16_t>(node);
      return;
    }
    WideRow wide = fields(row);
    wide.node = node;
    widen(row, wide);
  }
  bool full() const { return values_.size() > wide_value - 4; }

  std::uint64_t invoke_event(std::size_t row) const {
    const Row& r = rows_[row];
    if (is_wide(r)) return wide_.at(row).invoke_event;
    return bases_[row / base_rows].event + r.invoke;
  }
  std::uint64_t completed_after(std::size_t row) const {
    const Row& r = rows_[row];
    return is_wide(r) ? wide_.at(row).completed_after : r.after;
  }
  std::int64_t invoked(std::size_t row) const {
    const Row& r = rows_[row];
    if (is_wide(r)) return wide_.at(row).invoked;
    return plus(bases_[row / base_rows].time, r.start);
  }
  /// REQUIRES: it returned.
  std::int64_t completed(std::size_t row) const {
    const Row& r = rows_[row];
    if (is_wide(r)) return wide_.at(row).completed;
    return plus(bases_[row / base_rows].time, std::uint64_t{r.start} + r.duration);
  }
  FunctionId function(std::size_t row) const {
    const Row& r = rows_[row];
    return is_wide(r) ? wide_.at(row).function : r.function;
  }
  std::uint32_t node(std::size_t row) const {
    const Row& r = rows_[row];
    return is_wide(r) ? wide_.at(row).node : r.node;
  }
  ProcessId process(std::size_t row) const { return rows_[row].process; }
  Outcome outcome(std::size_t row) const {
    return static_cast<Outcome>(rows_[row].state & outcome_mask);
  }
  KeyId key(std::size_t row) const { return rows_[row].key; }
  ValueId argument(std::size_t row) const { return wide(rows_[row].argument); }
  ValueId result(std::size_t row) const {
    const Row& r = rows_[row];
    return wide(r.result == same_as_argument ? r.argument : r.result);
  }

 private:
  static constexpr std::size_t base_rows = 64;
  static constexpr std::uint64_t narrow_8 = std::numeric_limits<std::uint8_t>::max();
  static constexpr std::uint64_t narrow_16 = std::numeric_limits<std::uint16_t>::max();
  static constexpr std::uint64_t narrow_32 = std::numeric_limits<std::uint32_t>::max();
  static constexpr std::uint8_t outcome_mask = 0x03;
  static constexpr std::uint8_t wide_mark = 0x04;
  static constexpr std::uint32_t wide_value = std::uint32_t{1} << 31U;
  /// No ValueId has these bits. See ValuePool.
  static constexpr std::uint32_t same_as_argument = 4;

  struct Row {
    std::uint32_t start;     ///< time of the invocation - base
    std::uint32_t duration;  ///< time of the completion - time of the invocation
    std::uint32_t argument;  ///< a ValueId below 2^31, or wide_value + index into values_
    std::uint32_t result;    ///< the same, or same_as_argument
    KeyId key;
    ProcessId process;
    std::uint16_t invoke;  ///< index of the invocation - base
    std::uint16_t after;
    std::uint16_t node;
    std::uint8_t function;
    std::uint8_t state;  ///< outcome, and whether the row is in wide_
  };
  static_assert(sizeof(Row) == 32);
  /// What the rows of a group of 64 count from: its first row.
  struct Base {
    std::uint64_t event;
    std::int64_t time;
  };

  static std::uint64_t difference(std::int64_t a, std::int64_t b) {
    return static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
  }
  static bool is_wide(const Row& row) { return (row.state & wide_mark) != 0; }
  static std::int64_t plus(std::int64_t time, std::uint64_t more) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(time) + more);
  }
  std::uint32_t narrow(ValueId id) {
    const auto bits = static_cast<std::uint64_t>(id);
    if (bits < wide_value) return static_cast<std::uint32_t>(bits);
    values_.push_back(id);
    return wide_value + static_cast<std::uint32_t>(values_.size() - 1);
  }
  ValueId wide(std::uint32_t stored) const {
    return stored < wide_value ? static_cast<ValueId>(stored) : values_[stored - wide_value];
  }
  WideRow fields(std::size_t row) const {
    return {.invoke_event = invoke_event(row),
            .completed_after = completed_after(row),
            .invoked = invoked(row),
            .completed = completed(row),
            .function = function(row),
            .node = node(row)};
  }
  void widen(std::size_t row, const WideRow& fields) {
    rows_[row].state = static_cast<std::uint8_t>(rows_[row].state | wide_mark);
    wide_[row] = fields;
  }

  ChunkedArray<Row> rows_;
  ChunkedArray<Base, 10> bases_;
  Base last_base_{};
  ChunkedArray<ValueId> values_;
  std::unordered_map<std::size_t, WideRow> wide_;
};

struct History::Columns {
  HistoryInfo info;
  ValuePool values;
  StringTable functions;
  StringTable nodes;
  ValueId initial = nil_value;

  Rows rows;
  RareTexts error;

  std::vector<ValueId> keys;
  IdTable key_ids;                       ///< ValueId to KeyId
  std::vector<OpIndex> key_counts;       ///< while building: operations on each key
  std::vector<std::size_t> key_offsets;  ///< into key_operations; one more than there are keys
  PlainArray<OpIndex> key_operations;

  std::vector<FaultEvent> faults;
  std::size_t process_count = 0;
  Nanos duration_of_run{0};

  void index_keys();
};

}  // namespace assay
