#include "targets/reference/protocols/leader_messages.h"

namespace assay::reference {
namespace {
// The smallest entry: term, kind, request id, three nil data. Bounds what a length may claim.
constexpr std::size_t entry_bytes_min = 8 + 1 + 16 + 3;
}  // namespace

void put(ByteWriter& w, const AppendRequest& m) {
  w.u64(m.term);
  w.u64(m.prev_index);
  w.u64(m.prev_term);
  w.u64(m.commit);
  w.u32(static_cast<std::uint32_t>(m.entries.size()));
  for (const auto& entry : m.entries) w.entry(entry);
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

void put(ByteWriter& w, const AppendReply& m) {
  w.u64(m.term);
  w.boolean(m.success);
  w.u64(m.prev_index);
  w.u64(m.match);
  w.u64(m.conflict_term);
  w.u64(m.conflict_index);
}
void get(ByteReader& r, AppendReply& m) {
  m.term = r.u64();
  m.success = r.boolean();
  m.prev_index = r.u64();
  m.match = r.u64();
  m.conflict_term = r.u64();
  m.conflict_index = r.u64();
}

void put(ByteWriter& w, const Heartbeat& m) {
  w.u64(m.term);
  w.u64(m.commit);
  w.u64(m.round);
}
void get(ByteReader& r, Heartbeat& m) {
  m.term = r.u64();
  m.commit = r.u64();
  m.round = r.u64();
}

void put(ByteWriter& w, const HeartbeatReply& m) {
  w.u64(m.term);
  w.u64(m.round);
}
void get(ByteReader& r, HeartbeatReply& m) {
  m.term = r.u64();
  m.round = r.u64();
}

void put(ByteWriter& w, const ForwardRequest& m) {
  w.u64(m.term);
  w.command(m.command);
}
void get(ByteReader& r, ForwardRequest& m) {
  m.term = r.u64();
  m.command = r.command();
}

void put(ByteWriter& w, const ForwardReply& m) {
  w.u64(m.term);
  w.boolean(m.rejected);
  w.reply(m.reply);
}
void get(ByteReader& r, ForwardReply& m) {
  m.term = r.u64();
  m.rejected = r.boolean();
  m.reply = r.reply();
}

}  // namespace assay::reference
