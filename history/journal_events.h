#pragma once
// The events inside the blocks of a journal, version 2: docs/formats.md has the layout. Names and
// keys are numbered over the whole file, and a completion repeats nothing of its invocation.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "history/event.h"
#include "history/intern.h"

namespace assay {

/// Bits of an event's first byte, and of the second one that may follow.
namespace journal_flags {
inline constexpr std::uint8_t types = 0x03;
inline constexpr std::uint8_t time = 0x04;
inline constexpr std::uint8_t function = 0x08;
inline constexpr std::uint8_t key = 0x10;
inline constexpr std::uint8_t value = 0x20;
inline constexpr std::uint8_t node = 0x40;
inline constexpr std::uint8_t more = 0x80;
inline constexpr std::uint8_t more_error = 0x01;
inline constexpr std::uint8_t more_gap = 0x02;
}  // namespace journal_flags

/// Tables of a journal stop growing here, so that a reader's memory is bounded: what comes later is
/// written out each time.
inline constexpr std::size_t journal_names_max = 1U << 16U;
inline constexpr std::size_t journal_keys_max = 1U << 20U;

/// One T for each process that is alive, as both sides of a journal count it: an `info` ends it.
template <class T>
class JournalProcesses {
 public:
  /// `number` is the process's plus one.
  T& operator[](std::uint64_t number) {
    if (number < dense_.size()) return dense_[number];
    if (number >= dense_max) return sparse_[number];
    dense_.resize(number + 1);
    return dense_[number];
  }
  void forget(std::uint64_t number) {
    if (number < dense_.size()) {
      dense_[number] = T{};
    } else {
      sparse_.erase(number);
    }
  }

 private:
  static constexpr std::uint64_t dense_max = 1024;
  std::vector<T> dense_;
  std::unordered_map<std::uint64_t, T> sparse_;
};

/// Turns events into bytes.
class JournalEventEncoder {
 public:
  void append(const Event& event, std::string& out);
  std::uint64_t events() const { return events_; }

 private:
  struct Last {
    std::string function, node, key, value;
  };
  static void append_entry(StringTable& table, std::size_t max, std::string_view text, bool framed,
                           std::string& out);

  StringTable names_;
  StringTable errors_;
  StringTable keys_;
  JournalProcesses<Last> processes_;
  std::string key_;  ///< the bytes of the event's key and value; kept for their memory
  std::string value_;
  std::uint64_t next_index_ = 0;
  std::uint64_t last_time_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace assay
