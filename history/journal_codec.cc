#include "history/journal_codec.h"

#include <utility>

#include "base/assert.h"
#include "history/codec.h"

namespace assay {
namespace {

std::string framed(std::string_view payload, std::uint32_t length) {
  std::string bytes;
  bytes.reserve(journal_frame_bytes + payload.size());
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

}  // namespace

std::string JournalEncoder::header(const HistoryInfo& info) {
  std::string payload;
  append_value(header_value(info), payload);
  std::string bytes(journal_magic);
  append_u32(journal_version, bytes);
  bytes += framed(payload, static_cast<std::uint32_t>(payload.size()));
  return bytes;
}

void JournalEncoder::add(const Event& event) { events_.append(event, payload_); }

std::string JournalEncoder::take_block() {
  if (payload_.empty()) return {};
  ASSAY_ASSERT(payload_.size() <= journal_payload_max);
  std::string block = framed(payload_, static_cast<std::uint32_t>(payload_.size()));
  payload_.clear();
  return block;
}

std::string JournalEncoder::end_mark() const {
  ASSAY_ASSERT(payload_.empty());
  std::string count;
  append_u64(events_.events(), count);
  return framed(count, journal_end_length);
}

}  // namespace assay
