#include "history/journal_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <limits>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "history/codec.h"

namespace assay {
namespace {

constexpr std::size_t frame_bytes = 12;  ///< length, checksum of the payload, checksum of these two
constexpr std::uint32_t end_length = 0xFFFFFFFF;
constexpr std::uint32_t payload_max = 1U << 30U;
/// Names beyond this many are written out each time: the reader's table stays bounded.
constexpr std::size_t names_max = 1U << 16U;

// The first byte of an event.
constexpr std::uint8_t flag_types = 0x03;
constexpr std::uint8_t flag_key = 0x04;
constexpr std::uint8_t flag_value = 0x08;
constexpr std::uint8_t flag_node = 0x10;
constexpr std::uint8_t flag_error = 0x20;
constexpr std::uint8_t flag_time = 0x40;
constexpr std::uint8_t flag_unused = 0x80;

std::string framed(std::string_view payload, std::uint32_t length) {
  std::string bytes;
  bytes.reserve(frame_bytes + payload.size());
  append_u32(length, bytes);
  append_u32(crc_of(payload), bytes);
  append_u32(crc_of(bytes), bytes);
  bytes += payload;
  return bytes;
}

std::string_view text_of(RealTime real_time) {
  return real_time == RealTime::time       ? "time"
         : real_time == RealTime::position ? "position"
                                           : "none";
}

Value header_value(const HistoryInfo& info) {
  Value::List notes(info.notes.begin(), info.notes.end());
  return Value::Map{
      {"datatype", info.datatype},
      {"initial", info.initial},
      {"initial_declared", info.initial_declared},
      {"nil_read", info.nil_read == NilRead::absent ? "absent" : "unconstrained"},
      {"real_time", text_of(info.real_time)},
      {"notes", std::move(notes)},
  };
}

void set_real_time(HistoryInfo& info, const Value& value) {
  const auto* text = value.get_if<std::string>();
  if (text == nullptr) return;
  info.real_time = *text == "time"   ? RealTime::time
                   : *text == "none" ? RealTime::none
                                     : RealTime::position;
}

/// Unknown entries are ignored: a later version may write more.
std::optional<HistoryInfo> info_of(const Value& header) {
  const auto* map = header.get_if<Value::Map>();
  if (map == nullptr) return std::nullopt;
  HistoryInfo info;
  info.format = "assay";
  for (const auto& [key, value] : *map) {
    const auto* name = key.get_if<std::string>();
    if (name == nullptr) return std::nullopt;
    if (*name == "datatype" && value.is<std::string>())
      info.datatype = *value.get_if<std::string>();
    if (*name == "initial") info.initial = value;
    if (*name == "initial_declared") info.initial_declared = value == Value(true);
    if (*name == "nil_read" && value == Value("unconstrained")) {
      info.nil_read = NilRead::unconstrained;
    }
    if (*name == "real_time") set_real_time(info, value);
    const auto* notes = value.get_if<Value::List>();
    if (*name != "notes" || notes == nullptr) continue;
    for (const Value& note : *notes) {
      if (const auto* text = note.get_if<std::string>()) info.notes.push_back(*text);
    }
  }
  return info;
}

/// Turns the payloads of blocks back into events.
class EventDecoder {
 public:
  /// The next event; otherwise what is wrong with the bytes.
  std::optional<std::string> next(Decoder& in, Event& event) {
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
    return std::nullopt;
  }

 private:
  bool name(Decoder& in, std::string& text) {
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

  std::vector<std::string> names_;
  std::uint64_t last_index_ = 0;
  std::uint64_t last_time_ = 0;
};

/// Reads frames, knowing where it is.
class FrameReader {
 public:
  explicit FrameReader(std::istream& input) : input_(input) {}

  std::uint64_t offset() const { return offset_; }

  /// Up to `length` bytes, in steps: a hostile length must not allocate what is not there.
  std::string read(std::size_t length) {
    constexpr std::size_t step = std::size_t{1} << 20U;
    std::string bytes;
    while (bytes.size() < length) {
      const std::size_t begin = bytes.size();
      bytes.resize(std::min(length, begin + step));
      input_.read(bytes.data() + begin, static_cast<std::streamsize>(bytes.size() - begin));
      const auto got = static_cast<std::size_t>(input_.gcount());
      offset_ += got;
      bytes.resize(begin + got);
      if (!input_) break;
    }
    return bytes;
  }

 private:
  std::istream& input_;
  std::uint64_t offset_ = 0;
};

Error damaged(std::uint64_t offset, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("byte {}: {}", offset, what)};
}

Result<HistoryInfo> read_header(FrameReader& frames) {
  const std::string start = frames.read(journal_magic.size() + 4);
  if (!start.starts_with(journal_magic)) {
    return damaged(0, "expected a journal, which begins with ASSAYJNL");
  }
  if (start.size() < journal_magic.size() + 4) {
    return damaged(frames.offset(), "the journal is cut short inside its header");
  }
  const std::uint32_t version = Decoder(std::string_view(start).substr(journal_magic.size())).u32();
  if (version != journal_version) {
    return damaged(8, fmt::format("journal version {}, but this program reads version {}", version,
                                  journal_version));
  }
  const std::uint64_t at = frames.offset();
  const std::string frame = frames.read(frame_bytes);
  Decoder in(frame);
  const std::uint32_t length = in.u32();
  const std::uint32_t payload_crc = in.u32();
  if (frame.size() == frame_bytes &&
      (in.u32() != crc_of(std::string_view(frame).substr(0, 8)) || length > payload_max)) {
    return damaged(at, "the journal's header is damaged (checksum)");
  }
  const std::string payload = frame.size() == frame_bytes ? frames.read(length) : std::string();
  if (frame.size() < frame_bytes || payload.size() < length) {
    return damaged(frames.offset(), "the journal is cut short inside its header");
  }
  Decoder header(payload);
  auto info = info_of(header.value());
  if (crc_of(payload) != payload_crc || header.failed() || !header.done() || !info) {
    return damaged(at, "the journal's header is damaged (checksum)");
  }
  return *std::move(info);
}

/// Reads block after block into a sink.
class JournalReader {
 public:
  JournalReader(FrameReader& frames, EventSink& sink, bool recover)
      : frames_(frames), sink_(sink), recover_(recover) {}

  Status read() {
    while (true) {
      const std::uint64_t at = frames_.offset();
      const std::string frame = frames_.read(frame_bytes);
      if (frame.empty()) {
        sink_.note(
            "the journal has no end mark: its recorder was stopped; everything written is here");
        return {};
      }
      if (frame.size() < frame_bytes) return cut(at);
      Decoder in(frame);
      const std::uint32_t length = in.u32();
      const std::uint32_t payload_crc = in.u32();
      if (in.u32() != crc_of(std::string_view(frame).substr(0, 8)) ||
          (length > payload_max && length != end_length)) {
        return damaged(at, "damaged block (checksum of its frame)");
      }
      const std::size_t expected = length == end_length ? 8 : length;
      const std::string payload = frames_.read(expected);
      if (payload.size() < expected) return cut(at);
      if (crc_of(payload) != payload_crc) {
        return damaged(at, "damaged block (checksum of its contents)");
      }
      if (length == end_length) return end(payload, at);
      if (auto status = add_block(payload, at); !status) return status;
    }
  }

 private:
  /// The input ends inside the block that begins at `at`.
  Status cut(std::uint64_t at) {
    if (!recover_) {
      return damaged(
          frames_.offset(),
          fmt::format("the journal is cut short inside the block that begins at byte {}; "
                      "--recover reads the {} events before it",
                      at, events_));
    }
    sink_.note(fmt::format(
        "the journal was cut short: {} bytes of an unfinished block at byte {} are lost",
        frames_.offset() - at, at));
    return {};
  }

  Status end(const std::string& payload, std::uint64_t at) {
    const std::uint64_t count = Decoder(payload).u64();
    if (count != events_) {
      return damaged(
          at, fmt::format("the end mark counts {} events, but there are {}", count, events_));
    }
    const std::uint64_t behind = frames_.offset();
    if (!frames_.read(1).empty()) return damaged(behind, "bytes after the journal's end mark");
    return {};
  }

  Status add_block(const std::string& payload, std::uint64_t at) {
    Decoder in(payload);
    while (!in.done()) {
      if (const auto wrong = decoder_.next(in, event_)) {
        return damaged(at, fmt::format("the block holds {}", *wrong));
      }
      if (auto status = sink_.add(event_); !status) {
        return status.error().in(fmt::format("block at byte {}", at));
      }
      ++events_;
    }
    return {};
  }

  FrameReader& frames_;
  EventSink& sink_;
  bool recover_;
  EventDecoder decoder_;
  Event event_;
  std::uint64_t events_ = 0;
};

}  // namespace

std::string JournalEncoder::header(const HistoryInfo& info) {
  std::string payload;
  append_value(header_value(info), payload);
  std::string bytes(journal_magic);
  append_u32(journal_version, bytes);
  bytes += framed(payload, static_cast<std::uint32_t>(payload.size()));
  return bytes;
}

void JournalEncoder::add_name(std::string_view name) {
  if (const auto id = names_.find(name)) {
    append_varint(*id + std::uint64_t{1}, payload_);
    return;
  }
  if (names_.size() < names_max) names_.intern(name);
  append_varint(0, payload_);
  append_text(name, payload_);
}

void JournalEncoder::add(const Event& event) {
  const bool timed = event.time >= Nanos(0);
  auto flags = static_cast<std::uint8_t>(event.type);
  if (event.key) flags |= flag_key;
  if (!event.value.is_nil()) flags |= flag_value;
  if (!event.node.empty()) flags |= flag_node;
  if (!event.error.empty()) flags |= flag_error;
  if (timed) flags |= flag_time;
  payload_ += static_cast<char>(flags);
  append_varint(event.index - last_index_, payload_);
  last_index_ = event.index;
  if (timed) {
    const auto time = static_cast<std::uint64_t>(event.time.count());
    append_signed(static_cast<std::int64_t>(time - last_time_), payload_);
    last_time_ = time;
  }
  append_signed(static_cast<std::int32_t>(event.process), payload_);
  add_name(event.f);
  if (event.key) append_value(*event.key, payload_);
  if (!event.value.is_nil()) append_value(event.value, payload_);
  if (!event.node.empty()) add_name(event.node);
  if (!event.error.empty()) add_name(event.error);
  ++events_;
}

std::string JournalEncoder::take_block() {
  if (payload_.empty()) return {};
  ASSAY_ASSERT(payload_.size() <= payload_max);
  std::string block = framed(payload_, static_cast<std::uint32_t>(payload_.size()));
  payload_.clear();
  return block;
}

std::string JournalEncoder::end_mark() const {
  ASSAY_ASSERT(payload_.empty());
  std::string count;
  append_u64(events_, count);
  return framed(count, end_length);
}

Status read_journal_events(std::istream& input, bool recover, EventSink& sink,
                           const std::function<void(HistoryInfo&)>& adjust) {
  FrameReader frames(input);
  auto info = read_header(frames);
  if (!info) return info.error();
  adjust(*info);
  sink.info() = *std::move(info);
  return JournalReader(frames, sink, recover).read();
}

}  // namespace assay
