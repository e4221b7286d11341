#include "targets/reference/protocols/client_message.h"

#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/message.h"

namespace assay::reference {
namespace {

constexpr std::size_t status_text_bytes_max = 256;

void put(ByteWriter& w, const PeerHello& m) { w.u32(static_cast<std::uint32_t>(m.from)); }
void put(ByteWriter& w, const Command& m) { w.command(m); }
void put(ByteWriter& w, const Reply& m) { w.reply(m); }
void put(ByteWriter& /*w*/, const StatusRequest& /*m*/) {}
void put(ByteWriter& w, const StatusReport& m) {
  w.u32(static_cast<std::uint32_t>(m.self));
  w.u8(static_cast<std::uint8_t>(m.role));
  w.u64(m.term);
  w.u32(static_cast<std::uint32_t>(m.leader));
  w.u64(m.last);
  w.u64(m.commit);
  w.u64(m.applied);
  w.nodes(m.members);
  w.text(m.protocol);
  w.text(m.version);
}

StatusReport get_status(ByteReader& r) {
  StatusReport m;
  m.self = r.node();
  const auto role = r.u8();
  if (role > static_cast<std::uint8_t>(Role::leader)) r.fail();
  m.role = static_cast<Role>(role);
  m.term = r.u64();
  m.leader = r.node();
  m.last = r.u64();
  m.commit = r.u64();
  m.applied = r.u64();
  m.members = r.nodes();
  m.protocol = r.text(status_text_bytes_max);
  m.version = r.text(status_text_bytes_max);
  return m;
}

}  // namespace

std::string_view name_of(Role role) {
  switch (role) {
    case Role::follower:
      return "follower";
    case Role::candidate:
      return "candidate";
    case Role::leader:
      return "leader";
  }
  return "unknown";
}

void encode(const ClientMessage& message, std::string& out) {
  ByteWriter writer(out);
  writer.u8(wire_version);
  writer.u8(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& m) { put(writer, m); }, message);
}

std::optional<ClientMessage> decode_client_message(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != wire_version) return std::nullopt;
  ClientMessage message;
  switch (reader.u8()) {
    case 0:
      message = PeerHello{reader.node()};
      break;
    case 1:
      message = reader.command();
      break;
    case 2:
      message = reader.reply();
      break;
    case 3:
      message = StatusRequest{};
      break;
    case 4:
      message = get_status(reader);
      break;
    default:
      return std::nullopt;
  }
  if (!reader.done()) return std::nullopt;
  return message;
}

}  // namespace assay::reference
