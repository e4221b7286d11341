#include "history/journal_blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <istream>
#include <optional>
#include <utility>

#include "history/codec.h"
#include "history/journal_codec.h"

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

}  // namespace

Error damaged_journal(std::uint64_t offset, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("byte {}: {}", offset, what)};
}

std::size_t JournalBlocks::read(std::size_t length, std::string& to) {
  // In steps: a hostile length must not allocate what is not there.
  constexpr std::size_t step = std::size_t{1} << 20U;
  std::size_t size = 0;
  while (size < length) {
    const std::size_t wanted = std::min(length, size + step);
    if (to.size() < wanted) to.resize(wanted);
    input_.read(to.data() + size, static_cast<std::streamsize>(wanted - size));
    const auto got = static_cast<std::size_t>(input_.gcount());
    offset_ += got;
    size += got;
    if (!input_) break;
  }
  return size;
}

Result<HistoryInfo> JournalBlocks::read_header(std::uint32_t& version) {
  std::string bytes;
  const auto take = [&](std::size_t length) {
    const std::size_t size = read(length, bytes);  // which may move the bytes
    return std::string_view(bytes).substr(0, size);
  };
  const std::string_view start = take(journal_magic.size() + 4);
  if (!start.starts_with(journal_magic)) {
    return damaged_journal(0, "expected a journal, which begins with ASSAYJNL");
  }
  if (start.size() < journal_magic.size() + 4) {
    return damaged_journal(offset_, "the journal is cut short inside its header");
  }
  version = Decoder(start.substr(journal_magic.size())).u32();
  if (version == 0 || version > journal_version) {
    return damaged_journal(
        8, fmt::format("journal version {}, but this program reads versions 1 to {}", version,
                       journal_version));
  }
  const std::uint64_t at = offset_;
  const std::size_t framed = read(journal_frame_bytes, frame_);
  const std::string_view frame = std::string_view(frame_).substr(0, framed);
  Decoder in(frame);
  const std::uint32_t length = in.u32();
  const std::uint32_t payload_crc = in.u32();
  const bool whole = framed == journal_frame_bytes;
  if (whole && (in.u32() != crc_of(frame.substr(0, 8)) || length > journal_payload_max)) {
    return damaged_journal(at, "the journal's header is damaged (checksum)");
  }
  const std::string_view payload = whole ? take(length) : std::string_view();
  if (!whole || payload.size() < length) {
    return damaged_journal(offset_, "the journal is cut short inside its header");
  }
  Decoder header(payload);
  auto info = info_of(header.value());
  if (crc_of(payload) != payload_crc || header.failed() || !header.done() || !info) {
    return damaged_journal(at, "the journal's header is damaged (checksum)");
  }
  return *std::move(info);
}

void JournalBlocks::next(JournalBlock& block) {
  block.at = offset_;
  block.length = 0;
  const std::size_t framed = read(journal_frame_bytes, frame_);
  const std::string_view frame = std::string_view(frame_).substr(0, framed);
  Decoder in(frame);
  const std::uint32_t length = in.u32();
  block.crc = in.u32();
  if (framed < journal_frame_bytes) {
    block.kind = framed == 0 ? JournalBlock::Kind::no_mark : JournalBlock::Kind::cut;
  } else if (in.u32() != crc_of(frame.substr(0, 8)) ||
             (length > journal_payload_max && length != journal_end_length)) {
    block.kind = JournalBlock::Kind::damaged;
  } else {
    const bool end = length == journal_end_length;
    const std::size_t expected = end ? journal_end_bytes : length;
    block.length = read(expected, block.bytes);
    block.kind = block.length < expected ? JournalBlock::Kind::cut
                 : end                   ? JournalBlock::Kind::end
                                         : JournalBlock::Kind::events;
  }
  block.behind = offset_;
  if (block.kind == JournalBlock::Kind::end && read(1, frame_) != 0) {
    block.kind = JournalBlock::Kind::trailing;
  }
}

}  // namespace assay
