// A version-1 event: flags, index minus the one before, time minus the one before, process, f, then
// key, value, node and error as flagged. A name is 0, length and bytes when it first occurs, later
// its number from 1 on.
#include "history/journal_v1.h"

#include <cstddef>
#include <limits>
#include <string_view>

namespace assay {
namespace {

constexpr std::size_t names_max = 1U << 16U;

constexpr std::uint8_t flag_types = 0x03;
constexpr std::uint8_t flag_key = 0x04;
constexpr std::uint8_t flag_value = 0x08;
constexpr std::uint8_t flag_node = 0x10;
constexpr std::uint8_t flag_error = 0x20;
constexpr std::uint8_t flag_time = 0x40;
constexpr std::uint8_t flag_unused = 0x80;

}  // namespace

const char* JournalV1Decoder::next(Decoder& in, Event& event) {
  const std::uint8_t flags = in.byte();
  if ((flags & flag_unused) != 0) return "an event with unknown flags";
  event.type = static_cast<EventType>(flags & flag_types);
  last_index_ += in.varint();
  event.index = last_index_;
  event.time = unknown_time;
  if ((flags & flag_time) != 0) {
    last_time_ += static_cast<std::uint64_t>(in.signed_varint());
    event.time = Nanos(static_cast<std::int64_t>(last_time_));
  }
  const std::int64_t process = in.signed_varint();
  if (process < -1 || process > std::numeric_limits<std::int32_t>::max()) {
    return "an impossible process number";
  }
  event.process = static_cast<ProcessId>(process);
  bool known = name(in, event.f);
  event.key.reset();
  if ((flags & flag_key) != 0) event.key = in.value();
  event.value = (flags & flag_value) != 0 ? in.value() : Value();
  event.node.clear();
  event.error.clear();
  if ((flags & flag_node) != 0) known = name(in, event.node) && known;
  if ((flags & flag_error) != 0) known = name(in, event.error) && known;
  if (!known) return "a reference to an unknown name";
  if (in.failed()) return "an event that does not decode";
  return nullptr;
}

bool JournalV1Decoder::name(Decoder& in, std::string& text) {
  const std::uint64_t number = in.varint();
  if (number == 0) {
    text = in.text();
    if (names_.size() < names_max && !in.failed()) names_.push_back(text);
    return true;
  }
  if (number > names_.size()) return false;
  text = names_[static_cast<std::size_t>(number - 1)];
  return true;
}

}  // namespace assay
