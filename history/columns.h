#pragma once
// How a History lies in memory: one array a field. What is usually small is stored narrow, with
// the rare wide values aside. Only history.cc and builder.cc include this.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <unordered_map>
#include <vector>

#include "history/history.h"
#include "history/intern.h"

namespace assay {

/// A column of 64-bit numbers most of which fit 32 bits.
class NarrowColumn {
 public:
  void push_back(std::uint64_t number) {
    narrow_.push_back(0);
    set(narrow_.size() - 1, number);
  }
  void set(std::size_t row, std::uint64_t number) {
    if (number < wide) {
      narrow_[row] = static_cast<std::uint32_t>(number);
    } else {
      narrow_[row] = wide;
      wide_[row] = number;
    }
  }
  void prefetch(std::size_t row) const { __builtin_prefetch(&narrow_[row]); }
  std::uint64_t operator[](std::size_t row) const {
    return narrow_[row] != wide ? narrow_[row] : wide_.at(row);
  }

 private:
  static constexpr std::uint32_t wide = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> narrow_;
  std::unordered_map<std::size_t, std::uint64_t> wide_;
};

/// A column of strings from a small vocabulary, most of them empty; takes nothing until the first
/// that is not.
class NameColumn {
 public:
  void set(std::size_t row, std::string_view text) {
    if (text.empty()) return;
    if (ids_.size() <= row) ids_.resize(row + 1);
    const std::uint32_t id = names_.intern(text) + 1;
    ids_[row] = id < wide ? static_cast<std::uint16_t>(id) : wide;
    if (id >= wide) wide_[row] = id;
  }
  std::string_view operator[](std::size_t row) const {
    if (row >= ids_.size() || ids_[row] == 0) return {};
    return names_[(ids_[row] != wide ? ids_[row] : wide_.at(row)) - 1];
  }

 private:
  static constexpr std::uint16_t wide = std::numeric_limits<std::uint16_t>::max();
  StringTable names_;
  std::vector<std::uint16_t> ids_;
  std::unordered_map<std::size_t, std::uint32_t> wide_;
};

struct History::Columns {
  HistoryInfo info;
  ValuePool values;
  StringTable functions;
  ValueId initial = nil_value;

  // One row an operation, in the order of the invocations.
  std::vector<std::uint64_t> invoke_event;
  NarrowColumn completed_after;  ///< completion's index - invocation's; 0: never returned
  std::vector<std::int64_t> invoked;
  NarrowColumn duration;  ///< completion's time - invocation's, as unsigned; 0 if never returned
  std::vector<ProcessId> process;
  std::vector<Outcome> outcome;
  std::vector<FunctionId> function;
  std::vector<KeyId> key;
  std::vector<ValueId> argument;
  std::vector<ValueId> result;
  NameColumn node;
  NameColumn error;

  std::vector<ValueId> keys;
  std::unordered_map<ValueId, KeyId> key_ids;
  std::vector<std::size_t> key_offsets;  ///< into key_operations; one more than there are keys
  std::vector<OpIndex> key_operations;

  std::vector<FaultEvent> faults;
  std::size_t process_count = 0;
  Nanos duration_of_run{0};

  std::size_t size() const { return invoke_event.size(); }
  void index_keys();
};

}  // namespace assay
