#pragma once
// Decoding the events of a journal, in two steps: what the bytes of one event say, which needs
// nothing else and can be done for many blocks at a time, and what they mean after all before them.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "history/codec.h"
#include "history/event.h"
#include "history/journal_events.h"

namespace assay {

/// What the bytes of one event say: references to the tables of the file, differences to the event
/// before. 40 bytes where Value has 8.
template <class Value>
struct CodedEvent {
  /// As in the file: 0 is an entry that is new, 1 none, from 2 on a number in the table.
  using Reference = std::uint32_t;

  std::int64_t time_change = 0;
  Value value{};
  std::uint32_t process = 0;  ///< plus one
  Reference function = 0;
  Reference key = 0;
  Reference node = 0;
  Reference error = 0;
  std::uint8_t flags = 0;
  std::uint8_t more = 0;
};

/// What few events say. Put in and taken out in the order of the events.
template <class Value>
class CodedEntries {
 public:
  void add_gap(std::uint64_t gap) { gaps_.push_back(gap); }
  void add_text(std::string_view text) { texts_.push_back(text); }
  void add_key(Value key) { keys_.push_back(std::move(key)); }
  std::uint64_t take_gap() { return gaps_[gap_++]; }
  std::string_view take_text() { return texts_[text_++]; }
  Value& take_key() { return keys_[key_++]; }
  void clear() {
    gaps_.clear();
    texts_.clear();
    keys_.clear();
    gap_ = text_ = key_ = 0;
  }

 private:
  std::vector<std::uint64_t> gaps_;
  std::vector<std::string_view> texts_;
  std::vector<Value> keys_;
  std::size_t gap_ = 0;
  std::size_t text_ = 0;
  std::size_t key_ = 0;
};

/// Decodes the next event without knowing those before it; `value` makes values of the bytes that
/// come next. Texts are views of the bytes. Returns what is wrong with them, or nullptr.
template <class Value, class MakeValue>
const char* decode_event(Decoder& in, CodedEvent<Value>& event, CodedEntries<Value>& entries,
                         MakeValue value) {
  namespace flag = journal_flags;
  const auto reference = [&in] {
    constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
    const std::uint64_t number = in.varint();
    return static_cast<std::uint32_t>(number < most ? number : most);
  };
  const auto text = [&] {
    const std::uint32_t number = reference();
    if (number == 0) entries.add_text(in.text());
    return number;
  };
  event.flags = in.byte();
  event.more = (event.flags & flag::more) != 0 ? in.byte() : std::uint8_t{0};
  if (event.more > (flag::more_error | flag::more_gap)) return "an event with unknown flags";
  if ((event.more & flag::more_gap) != 0) entries.add_gap(in.varint());
  event.time_change = (event.flags & flag::time) != 0 ? in.signed_varint() : 0;
  event.process = reference();
  constexpr auto process_max = static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
  if (event.process > process_max) return "an impossible process number";
  if ((event.flags & flag::function) != 0) event.function = text();
  if ((event.flags & flag::key) != 0) {
    event.key = reference();
    if (event.key == 0) entries.add_key(value(in));
  }
  if ((event.flags & flag::value) != 0) event.value = value(in);
  if ((event.flags & flag::node) != 0) event.node = text();
  if ((event.more & flag::more_error) != 0) event.error = text();
  return in.failed() ? "an event that does not decode" : nullptr;
}

/// Gives coded events their meaning, in the order of the file. Value{} is nil. Names stay numbers.
template <class Value>
class JournalEventDecoder {
 public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct Decoded {
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
    Value key{};
    Value value{};
    std::string_view error{};
  };

  std::string_view name(std::uint32_t number) const {
    return number == none ? std::string_view() : names_[number];
  }
  const Decoded& event() const { return event_; }

  /// Into event(). `meaning` makes a Value of a coded one. Returns what is wrong, or nullptr.
  template <class Coded, class Meaning>
  const char* next(const CodedEvent<Coded>& coded, CodedEntries<Coded>& entries, Meaning meaning) {
    namespace flag = journal_flags;
    Decoded& e = event_;
    if ((coded.more & flag::more_gap) != 0) next_index_ += entries.take_gap();
    e.index = next_index_++;
    e.type = static_cast<EventType>(coded.flags & flag::types);
    e.time = unknown_time;
    if ((coded.flags & flag::time) != 0) {
      last_time_ += static_cast<std::uint64_t>(coded.time_change);
      e.time = Nanos(static_cast<std::int64_t>(last_time_));
    }
    e.process = static_cast<ProcessId>(static_cast<std::int32_t>(coded.process) - 1);
    Last& last = processes_[coded.process];
    const bool invocation = e.type == EventType::invoke;
    if (invocation) {
      last.function = none;
      last.has_key = false;
      last.value = Value{};
    }
    e.function = last.function;
    e.node = last.node;
    e.has_key = last.has_key;
    e.says_function = (coded.flags & flag::function) != 0;
    e.says_key = (coded.flags & flag::key) != 0;
    bool known = true;
    if (e.says_function) known = set_name(coded.function, entries, e.function);
    e.key_number = none;
    if (e.says_key) {
      known = set_key(coded.key, entries, meaning) && known;
    } else if (last.has_key) {
      e.key = last.key;
    }
    if ((coded.flags & flag::value) != 0) {
      e.value = meaning(coded.value);
    } else {
      e.value = last.value;
    }
    if ((coded.flags & flag::node) != 0) known = set_name(coded.node, entries, e.node) && known;
    e.error = {};
    if ((coded.more & flag::more_error) != 0) known = set_error(coded.error, entries) && known;
    if (!known) return "a reference to an unknown name";
    if (invocation) {
      last.function = e.function;
      last.node = e.node;
      last.has_key = e.has_key;
      if (e.has_key) last.key = e.key;
      last.value = e.value;
    } else if (e.type == EventType::info) {
      processes_.forget(coded.process);
    }
    return nullptr;
  }

 private:
  struct Last {
    std::uint32_t function = none;
    std::uint32_t node = none;
    bool has_key = false;
    Value key{};
    Value value{};
  };

  template <class Coded>
  bool set_name(std::uint32_t reference, CodedEntries<Coded>& entries, std::uint32_t& number) {
    if (reference == 0) {
      if (names_.size() >= none - 2) return false;
      number = static_cast<std::uint32_t>(names_.size());
      names_.emplace_back(entries.take_text());
      return true;
    }
    number = reference == 1 ? none : reference - 2;
    return reference < names_.size() + 2;
  }
  template <class Coded, class Meaning>
  bool set_key(std::uint32_t reference, CodedEntries<Coded>& entries, Meaning meaning) {
    event_.has_key = reference != 1;
    if (reference == 0) {
      event_.key = meaning(entries.take_key());
      if (keys_.size() < journal_keys_max) {
        event_.key_number = static_cast<std::uint32_t>(keys_.size());
        keys_.push_back(event_.key);
      }
    } else if (reference >= 2) {
      if (reference - 2 >= keys_.size()) return false;
      event_.key_number = reference - 2;
      event_.key = keys_[event_.key_number];
    }
    return true;
  }
  template <class Coded>
  bool set_error(std::uint32_t reference, CodedEntries<Coded>& entries) {
    if (reference == 0) {
      event_.error = entries.take_text();
      if (errors_.size() < journal_names_max) errors_.emplace_back(event_.error);
      return true;
    }
    if (reference - 2 >= errors_.size()) return false;
    event_.error = errors_[reference - 2];
    return true;
  }

  Decoded event_;
  JournalProcesses<Last> processes_;
  std::vector<std::string> names_;
  std::vector<std::string> errors_;
  std::vector<Value> keys_;
  std::uint64_t next_index_ = 0;
  std::uint64_t last_time_ = 0;
};

}  // namespace assay
