#include "history/journal_events.h"

#include <limits>

#include "history/codec.h"

namespace assay {

void JournalEventEncoder::append_entry(StringTable& table, std::size_t max, std::string_view text,
                                       bool framed, std::string& out) {
  if (const auto number = table.find(text)) {
    append_varint(*number + std::uint64_t{2}, out);
    return;
  }
  if (table.size() < max) table.intern(text);
  append_varint(0, out);
  if (framed) {
    append_text(text, out);
  } else {
    out += text;
  }
}

void JournalEventEncoder::append(const Event& event, std::string& out) {
  namespace flag = journal_flags;
  constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
  const bool timed = event.time >= Nanos(0);
  const bool invocation = event.type == EventType::invoke;
  const std::uint64_t process =
      static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(event.process)} + 1);
  Last& last = processes_[process];
  key_.clear();
  value_.clear();
  if (event.key) append_value(*event.key, key_);
  append_value(event.value, value_);
  if (invocation) {
    last.function.clear();
    last.key.clear();
    last.value.clear();
    append_value(Value(), last.value);
  } else if (last.value.empty()) {
    append_value(Value(), last.value);
  }

  auto flags = static_cast<std::uint8_t>(event.type);
  const auto set_if = [&flags](bool condition, std::uint8_t bit) {
    if (condition) flags = static_cast<std::uint8_t>(flags | bit);
  };
  set_if(timed, flag::time);
  set_if(event.f != last.function, flag::function);
  set_if(key_ != last.key, flag::key);
  set_if(value_ != last.value, flag::value);
  set_if(event.node != last.node, flag::node);
  std::uint8_t more = 0;
  if (!event.error.empty()) more = flag::more_error;
  if (event.index != next_index_) more = static_cast<std::uint8_t>(more | flag::more_gap);
  set_if(more != 0, flag::more);

  out += static_cast<char>(flags);
  if (more != 0) out += static_cast<char>(more);
  if ((more & flag::more_gap) != 0) append_varint(event.index - next_index_, out);
  next_index_ = event.index + 1;
  if (timed) {
    const auto time = static_cast<std::uint64_t>(event.time.count());
    append_signed(static_cast<std::int64_t>(time - last_time_), out);
    last_time_ = time;
  }
  append_varint(process, out);
  const auto append_name = [&](const std::string& name) {
    if (name.empty()) {
      append_varint(1, out);
    } else {
      append_entry(names_, no_limit, name, true, out);
    }
  };
  if ((flags & flag::function) != 0) append_name(event.f);
  if ((flags & flag::key) != 0) {
    if (key_.empty()) {
      append_varint(1, out);
    } else {
      append_entry(keys_, journal_keys_max, key_, false, out);
    }
  }
  if ((flags & flag::value) != 0) out += value_;
  if ((flags & flag::node) != 0) append_name(event.node);
  if (!event.error.empty()) append_entry(errors_, journal_names_max, event.error, true, out);
  ++events_;
  if (invocation) {
    last.function = event.f;
    last.node = event.node;
    last.key.swap(key_);
    last.value.swap(value_);
  } else if (event.type == EventType::info) {
    processes_.forget(process);
  }
}

}  // namespace assay
