#include "targets/reference/protocols/message.h"

#include <type_traits>

#include "targets/reference/protocols/codec.h"

namespace assay::reference {
namespace {

// The smallest entry: term, kind, request id, three nil data. Bounds what a length may claim.
constexpr std::size_t entry_bytes_min = 8 + 1 + 16 + 3;

void put(ByteWriter& w, const VoteRequest& m) {
  w.boolean(m.pre);
  w.u64(m.term);
  w.u64(m.last_index);
  w.u64(m.last_term);
}
void put(ByteWriter& w, const VoteReply& m) {
  w.boolean(m.pre);
  w.u64(m.term);
  w.boolean(m.granted);
}
void put(ByteWriter& w, const AppendRequest& m) {
  w.u64(m.term);
  w.u64(m.prev_index);
  w.u64(m.prev_term);
  w.u64(m.commit);
  w.u32(static_cast<std::uint32_t>(m.entries.size()));
  for (const auto& entry : m.entries) w.entry(entry);
}
void put(ByteWriter& w, const AppendReply& m) {
  w.u64(m.term);
  w.boolean(m.success);
  w.u64(m.prev_index);
  w.u64(m.match);
  w.u64(m.conflict_term);
  w.u64(m.conflict_index);
}
void put(ByteWriter& w, const Heartbeat& m) {
  w.u64(m.term);
  w.u64(m.commit);
  w.u64(m.round);
}
void put(ByteWriter& w, const HeartbeatReply& m) {
  w.u64(m.term);
  w.u64(m.round);
}
void put(ByteWriter& w, const ForwardRequest& m) {
  w.u64(m.term);
  w.command(m.command);
}
void put(ByteWriter& w, const ForwardReply& m) {
  w.u64(m.term);
  w.boolean(m.rejected);
  w.reply(m.reply);
}

void get(ByteReader& r, VoteRequest& m) {
  m.pre = r.boolean();
  m.term = r.u64();
  m.last_index = r.u64();
  m.last_term = r.u64();
}
void get(ByteReader& r, VoteReply& m) {
  m.pre = r.boolean();
  m.term = r.u64();
  m.granted = r.boolean();
}
void get(ByteReader& r, AppendRequest& m) {
  m.term = r.u64();
  m.prev_index = r.u64();
  m.prev_term = r.u64();
  m.commit = r.u64();
  const std::size_t count = r.u32();
  if (count > r.left() / entry_bytes_min) {
    r.fail();
    return;
  }
  m.entries.reserve(count);
  for (std::size_t i = 0; i < count && r.ok(); ++i) m.entries.push_back(r.entry());
}
void get(ByteReader& r, AppendReply& m) {
  m.term = r.u64();
  m.success = r.boolean();
  m.prev_index = r.u64();
  m.match = r.u64();
  m.conflict_term = r.u64();
  m.conflict_index = r.u64();
}
void get(ByteReader& r, Heartbeat& m) {
  m.term = r.u64();
  m.commit = r.u64();
  m.round = r.u64();
}
void get(ByteReader& r, HeartbeatReply& m) {
  m.term = r.u64();
  m.round = r.u64();
}
void get(ByteReader& r, ForwardRequest& m) {
  m.term = r.u64();
  m.command = r.command();
}
void get(ByteReader& r, ForwardReply& m) {
  m.term = r.u64();
  m.rejected = r.boolean();
  m.reply = r.reply();
}

template <class T>
std::optional<Message> finish(ByteReader& reader) {
  T message;
  get(reader, message);
  if (!reader.done()) return std::nullopt;
  return Message(std::move(message));
}

}  // namespace

void encode(const Message& message, std::string& out) {
  ByteWriter writer(out);
  writer.u8(wire_version);
  writer.u8(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& m) { put(writer, m); }, message);
}

std::optional<Message> decode_message(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != wire_version) return std::nullopt;
  switch (reader.u8()) {
    case 0:
      return finish<VoteRequest>(reader);
    case 1:
      return finish<VoteReply>(reader);
    case 2:
      return finish<AppendRequest>(reader);
    case 3:
      return finish<AppendReply>(reader);
    case 4:
      return finish<Heartbeat>(reader);
    case 5:
      return finish<HeartbeatReply>(reader);
    case 6:
      return finish<ForwardRequest>(reader);
    case 7:
      return finish<ForwardReply>(reader);
    default:
      return std::nullopt;
  }
}

}  // namespace assay::reference
