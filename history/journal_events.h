#pragma once
// The events inside the blocks of a journal, version 2: docs/formats.md has the layout. Names and
// keys are numbered over the whole file, and a completion repeats nothing of its invocation.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "history/codec.h"
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

/// Turns the bytes back, one event a call. Maker makes values and keys of the bytes: Maker::Value
/// with `Value value(Decoder&)` for both, `Value{}` being nil. Names stay numbers.
template <class Maker>
class JournalEventDecoder {
 public:
  using MadeValue = typename Maker::Value;
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct Coded {
    std::uint64_t index = 0;
    Nanos time = unknown_time;
    ProcessId process{};
    EventType type = EventType::invoke;
    std::uint32_t function = none;  ///< number of a name
    std::uint32_t node = none;
    bool says_function = false;  ///< a completion that names its function, and so on
    bool says_key = false;
    bool has_key = false;
    std::uint32_t key_number = none;  ///< if the event says a key that has one
    MadeValue key{};
    MadeValue value{};
    std::string_view error{};
  };

  explicit JournalEventDecoder(Maker maker) : maker_(maker) {}

  std::string_view name(std::uint32_t number) const {
    return number == none ? std::string_view() : names_[number];
  }
  Coded& event() { return event_; }

  /// Decodes into event(). Returns what is wrong with the bytes, or nullptr.
  const char* next(Decoder& in) {
    namespace flag = journal_flags;
    const std::uint8_t flags = in.byte();
    const std::uint8_t more = (flags & flag::more) != 0 ? in.byte() : std::uint8_t{0};
    if (more > (flag::more_error | flag::more_gap)) return "an event with unknown flags";
    if ((more & flag::more_gap) != 0) next_index_ += in.varint();
    Coded& e = event_;
    e.index = next_index_++;
    e.type = static_cast<EventType>(flags & flag::types);
    e.time = unknown_time;
    if ((flags & flag::time) != 0) {
      last_time_ += static_cast<std::uint64_t>(in.signed_varint());
      e.time = Nanos(static_cast<std::int64_t>(last_time_));
    }
    const std::uint64_t number = in.varint();
    if (number > std::numeric_limits<std::int32_t>::max()) return "an impossible process number";
    e.process = static_cast<ProcessId>(static_cast<std::int32_t>(number) - 1);
    Last& last = processes_[number];
    const bool invocation = e.type == EventType::invoke;
    if (invocation) {
      last.function = none;
      last.has_key = false;
      last.value = MadeValue{};
    }
    e.function = last.function;
    e.node = last.node;
    e.has_key = last.has_key;
    e.says_function = (flags & flag::function) != 0;
    e.says_key = (flags & flag::key) != 0;
    bool known = true;
    if (e.says_function) known = read_name(in, e.function);
    e.key_number = none;
    if (e.says_key) {
      known = read_key(in) && known;
    } else if (last.has_key) {
      e.key = last.key;
    }
    if ((flags & flag::value) != 0) {
      e.value = maker_.value(in);
    } else {
      e.value = last.value;
    }
    if ((flags & flag::node) != 0) known = read_name(in, e.node) && known;
    e.error = {};
    if ((more & flag::more_error) != 0) known = read_error(in) && known;
    if (in.failed()) return "an event that does not decode";
    if (!known) return "a reference to an unknown name";
    if (invocation) {
      last.function = e.function;
      last.node = e.node;
      last.has_key = e.has_key;
      if (e.has_key) last.key = e.key;
      last.value = e.value;
    } else if (e.type == EventType::info) {
      processes_.forget(number);
    }
    return nullptr;
  }

 private:
  struct Last {
    std::uint32_t function = none;
    std::uint32_t node = none;
    bool has_key = false;
    MadeValue key{};
    MadeValue value{};
  };

  /// 0: a new one follows; 1: none; else a number from 2 on.
  bool read_name(Decoder& in, std::uint32_t& number) {
    const std::uint64_t reference = in.varint();
    if (reference == 0) {
      const std::string_view text = in.text();
      if (in.failed() || names_.size() >= none - 2) return false;
      number = static_cast<std::uint32_t>(names_.size());
      names_.emplace_back(text);
      return true;
    }
    number = reference == 1 ? none : static_cast<std::uint32_t>(reference - 2);
    return reference < names_.size() + 2;
  }
  bool read_key(Decoder& in) {
    const std::uint64_t reference = in.varint();
    event_.has_key = reference != 1;
    if (reference == 0) {
      event_.key = maker_.value(in);
      if (keys_.size() < journal_keys_max && !in.failed()) {
        event_.key_number = static_cast<std::uint32_t>(keys_.size());
        keys_.push_back(event_.key);
      }
    } else if (reference >= 2) {
      if (reference - 2 >= keys_.size()) return false;
      event_.key_number = static_cast<std::uint32_t>(reference - 2);
      event_.key = keys_[event_.key_number];
    }
    return true;
  }
  bool read_error(Decoder& in) {
    const std::uint64_t reference = in.varint();
    if (reference == 0) {
      event_.error = in.text();
      if (errors_.size() < journal_names_max && !in.failed()) errors_.emplace_back(event_.error);
      return true;
    }
    if (reference - 2 >= errors_.size()) return false;
    event_.error = errors_[reference - 2];
    return true;
  }

  Maker maker_;
  Coded event_;
  JournalProcesses<Last> processes_;
  std::vector<std::string> names_;
  std::vector<std::string> errors_;
  std::vector<MadeValue> keys_;
  std::uint64_t next_index_ = 0;
  std::uint64_t last_time_ = 0;
};

}  // namespace assay
