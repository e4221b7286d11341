// Reading a journal: frames, their checksums, and what is done with the events of each block.
#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <utility>

#include "history/codec.h"
#include "history/journal.h"
#include "history/journal_codec.h"
#include "history/journal_events.h"
#include "history/journal_v1.h"
#include "history/row_builder.h"

namespace assay {
namespace {

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

/// Reads frames, knowing where it is.
class FrameReader {
 public:
  explicit FrameReader(std::istream& input) : input_(input) {}

  std::uint64_t offset() const { return offset_; }

  /// Up to `length` bytes, which stay until the next call. They are read in steps: a hostile length
  /// must not allocate what is not there.
  std::string_view read(std::size_t length) {
    constexpr std::size_t step = std::size_t{1} << 20U;
    std::size_t size = 0;
    while (size < length) {
      const std::size_t wanted = std::min(length, size + step);
      if (buffer_.size() < wanted) buffer_.resize(wanted);
      input_.read(buffer_.data() + size, static_cast<std::streamsize>(wanted - size));
      const auto got = static_cast<std::size_t>(input_.gcount());
      offset_ += got;
      size += got;
      if (!input_) break;
    }
    return std::string_view(buffer_).substr(0, size);
  }

 private:
  std::istream& input_;
  std::string buffer_;
  std::uint64_t offset_ = 0;
};

Error damaged(std::uint64_t offset, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("byte {}: {}", offset, what)};
}

Result<HistoryInfo> read_header(FrameReader& frames, std::uint32_t& version) {
  const std::string start(frames.read(journal_magic.size() + 4));
  if (!start.starts_with(journal_magic)) {
    return damaged(0, "expected a journal, which begins with ASSAYJNL");
  }
  if (start.size() < journal_magic.size() + 4) {
    return damaged(frames.offset(), "the journal is cut short inside its header");
  }
  version = Decoder(std::string_view(start).substr(journal_magic.size())).u32();
  if (version == 0 || version > journal_version) {
    return damaged(8, fmt::format("journal version {}, but this program reads versions 1 to {}",
                                  version, journal_version));
  }
  const std::uint64_t at = frames.offset();
  const std::string frame(frames.read(journal_frame_bytes));
  Decoder in(frame);
  const std::uint32_t length = in.u32();
  const std::uint32_t payload_crc = in.u32();
  if (frame.size() == journal_frame_bytes &&
      (in.u32() != crc_of(std::string_view(frame).substr(0, 8)) || length > journal_payload_max)) {
    return damaged(at, "the journal's header is damaged (checksum)");
  }
  const std::string_view payload =
      frame.size() == journal_frame_bytes ? frames.read(length) : std::string_view();
  if (frame.size() < journal_frame_bytes || payload.size() < length) {
    return damaged(frames.offset(), "the journal is cut short inside its header");
  }
  Decoder header(payload);
  auto info = info_of(header.value());
  if (crc_of(payload) != payload_crc || header.failed() || !header.done() || !info) {
    return damaged(at, "the journal's header is damaged (checksum)");
  }
  return *std::move(info);
}

// What takes the payload of a block: `const char* next(Decoder&)` decodes one event and tells what
// is wrong with its bytes, `Status pass()` hands it on.

class V1Events {
 public:
  explicit V1Events(EventSink& sink) : sink_(sink) {}
  const char* next(Decoder& in) { return decoder_.next(in, event_); }
  Status pass() { return sink_.add(event_); }

 private:
  EventSink& sink_;
  JournalV1Decoder decoder_;
  Event event_;
};

class Events {
 public:
  explicit Events(EventSink& sink) : sink_(sink), decoder_(ValueMaker{}) {}
  const char* next(Decoder& in) { return decoder_.next(in); }
  Status pass() {
    const auto& coded = decoder_.event();
    event_.index = coded.index;
    event_.time = coded.time;
    event_.process = coded.process;
    event_.type = coded.type;
    event_.f = decoder_.name(coded.function);
    event_.key.reset();
    if (coded.has_key) event_.key = coded.key;
    event_.value = coded.value;
    event_.node = decoder_.name(coded.node);
    event_.error = coded.error;
    return sink_.add(event_);
  }

 private:
  struct ValueMaker {
    using Value = assay::Value;
    static Value value(Decoder& in) { return in.value(); }
  };
  EventSink& sink_;
  JournalEventDecoder<ValueMaker> decoder_;
  Event event_;
};

/// Straight into the rows of a History.
class RowEvents {
 public:
  explicit RowEvents(RowBuilder& rows)
      : rows_(rows), columns_(rows.columns()), decoder_(IdMaker{&rows.columns().values}) {}
  const char* next(Decoder& in) { return decoder_.next(in); }

  Status pass() {
    const auto& coded = decoder_.event();
    const RowBuilder::Stamp stamp{coded.index, coded.time, coded.process};
    if (auto status = rows_.begin(stamp); !status) return status;
    if (coded.process == nemesis_process) {
      rows_.add_fault({coded.index, coded.time, coded.type,
                       std::string(decoder_.name(coded.function)),
                       columns_.values.value(coded.value), std::string(coded.error)});
      return {};
    }
    if (coded.type == EventType::invoke) {
      return rows_.invoke(stamp, number(functions_, columns_.functions, coded.function),
                          coded.has_key ? key(coded) : no_key, coded.value, node(coded.node));
    }
    RowBuilder::Claim claim;
    if (coded.says_function && coded.function != Coder::none) {
      claim.function = number(functions_, columns_.functions, coded.function);
    } else {
      claim.function_name = decoder_.name(coded.function);
    }
    if (coded.says_key && coded.has_key) {
      claim.key = columns_.key_ids.find(coded.key).value_or(RowBuilder::unknown_key);
      if (claim.key == RowBuilder::unknown_key) {
        unknown_key_ = columns_.values.value(coded.key);
        claim.key_value = &unknown_key_;
      }
    }
    return rows_.complete(stamp, claim, {coded.type, coded.value, node(coded.node), coded.error});
  }

 private:
  struct IdMaker {
    using Value = ValueId;
    ValuePool* pool;
    Value value(Decoder& in) const { return pool->intern_next(in); }
  };
  using Coder = JournalEventDecoder<IdMaker>;
  static constexpr std::uint32_t unset = Coder::none;

  /// The number in the History's table of the name that the file numbers `name`.
  std::uint32_t number(std::vector<std::uint32_t>& known, StringTable& table, std::uint32_t name) {
    if (name == Coder::none) return table.intern("");
    if (name >= known.size()) known.resize(name + std::size_t{1}, unset);
    if (known[name] == unset) known[name] = table.intern(decoder_.name(name));
    return known[name];
  }
  /// The KeyId of the key that the file numbers.
  KeyId key(const Coder::Coded& coded) {
    if (coded.key_number == unset) return rows_.key(coded.key);
    if (coded.key_number >= keys_.size()) keys_.resize(coded.key_number + std::size_t{1}, no_key);
    KeyId& known = keys_[coded.key_number];
    if (known == no_key) known = rows_.key(coded.key);
    return known;
  }
  /// As RowBuilder takes it: plus one, 0 for none.
  std::uint32_t node(std::uint32_t name) {
    if (name == Coder::none) return 0;
    if (name < nodes_.size() && nodes_[name] != unset) return nodes_[name];
    if (name >= nodes_.size()) nodes_.resize(name + std::size_t{1}, unset);
    const std::string_view text = decoder_.name(name);
    return nodes_[name] = text.empty() ? 0 : columns_.nodes.intern(text) + 1;
  }

  RowBuilder& rows_;
  RowBuilder::Columns& columns_;
  Coder decoder_;
  std::vector<std::uint32_t> functions_;
  std::vector<std::uint32_t> nodes_;
  std::vector<KeyId> keys_;
  Value unknown_key_;
};

/// Reads block after block.
template <class Taker>
class JournalReader {
 public:
  JournalReader(FrameReader& frames, EventSink& sink, Taker taker, bool recover)
      : frames_(frames), sink_(sink), taker_(std::move(taker)), recover_(recover) {}

  Status read() {
    while (true) {
      const std::uint64_t at = frames_.offset();
      const std::string_view frame = frames_.read(journal_frame_bytes);
      if (frame.empty()) {
        sink_.note(
            "the journal has no end mark: its recorder was stopped; everything written is here");
        return {};
      }
      if (frame.size() < journal_frame_bytes) return cut(at);
      Decoder in(frame);
      const std::uint32_t length = in.u32();
      const std::uint32_t payload_crc = in.u32();
      if (in.u32() != crc_of(frame.substr(0, 8)) ||
          (length > journal_payload_max && length != journal_end_length)) {
        return damaged(at, "damaged block (checksum of its frame)");
      }
      const std::size_t expected = length == journal_end_length ? 8 : length;
      const std::string_view payload = frames_.read(expected);
      if (payload.size() < expected) return cut(at);
      if (crc_of(payload) != payload_crc) {
        return damaged(at, "damaged block (checksum of its contents)");
      }
      if (length == journal_end_length) return end(payload, at);
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

  Status end(std::string_view payload, std::uint64_t at) {
    const std::uint64_t count = Decoder(payload).u64();
    if (count != events_) {
      return damaged(
          at, fmt::format("the end mark counts {} events, but there are {}", count, events_));
    }
    const std::uint64_t behind = frames_.offset();
    if (!frames_.read(1).empty()) return damaged(behind, "bytes after the journal's end mark");
    return {};
  }

  Status add_block(std::string_view payload, std::uint64_t at) {
    Decoder in(payload);
    while (!in.done()) {
      if (const char* wrong = taker_.next(in); wrong != nullptr) {
        return damaged(at, fmt::format("the block holds {}", wrong));
      }
      if (auto status = taker_.pass(); !status) {
        status = sink_.problem(status.error().in(fmt::format("block at byte {}", at)));
        if (!status) return status;
      }
      ++events_;
    }
    return {};
  }

  FrameReader& frames_;
  EventSink& sink_;
  Taker taker_;
  bool recover_;
  std::uint64_t events_ = 0;
};

template <class Taker>
Status read_blocks(FrameReader& frames, EventSink& sink, Taker taker, bool recover) {
  return JournalReader<Taker>(frames, sink, std::move(taker), recover).read();
}

}  // namespace

Status read_journal_events(std::istream& input, bool recover, EventSink& sink,
                           const std::function<void(HistoryInfo&)>& adjust) {
  FrameReader frames(input);
  std::uint32_t version = 0;
  auto info = read_header(frames, version);
  if (!info) return info.error();
  adjust(*info);
  sink.info() = *std::move(info);
  if (version == 1) return read_blocks(frames, sink, V1Events(sink), recover);
  if (auto* history = dynamic_cast<HistorySink*>(&sink)) {
    return read_blocks(frames, sink, RowEvents(history->builder().rows()), recover);
  }
  return read_blocks(frames, sink, Events(sink), recover);
}

Result<History> read_journal(std::istream& input, bool recover) {
  HistorySink sink;
  const auto as_declared = [](HistoryInfo& /*info*/) {};
  if (auto status = read_journal_events(input, recover, sink, as_declared); !status) {
    return status.error();
  }
  return sink.finish();
}

}  // namespace assay
