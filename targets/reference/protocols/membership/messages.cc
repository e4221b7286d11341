#include "targets/reference/protocols/membership/messages.h"

namespace assay::reference {
namespace {
constexpr std::size_t rumour_bytes = 4 + 1 + 8;
}

void put(ByteWriter& /*w*/, const AliveBeat& /*m*/) {}
void get(ByteReader& /*r*/, AliveBeat& /*m*/) {}

void put(ByteWriter& w, const Probe& m) {
  w.u8(static_cast<std::uint8_t>(m.kind));
  w.u64(m.sequence);
  w.u32(static_cast<std::uint32_t>(m.target));
  w.u32(static_cast<std::uint32_t>(m.rumours.size()));
  for (const auto& rumour : m.rumours) {
    w.u32(static_cast<std::uint32_t>(rumour.member));
    w.u8(static_cast<std::uint8_t>(rumour.state));
    w.u64(rumour.incarnation);
  }
}

void get(ByteReader& r, Probe& m) {
  const auto kind = r.u8();
  if (kind > static_cast<std::uint8_t>(ProbeKind::acknowledge)) r.fail();
  m.kind = static_cast<ProbeKind>(kind);
  m.sequence = r.u64();
  m.target = r.node();
  const std::size_t count = r.u32();
  if (count > r.left() / rumour_bytes) {
    r.fail();
    return;
  }
  m.rumours.resize(count);
  for (auto& rumour : m.rumours) {
    rumour.member = r.node();
    const auto state = r.u8();
    if (state > static_cast<std::uint8_t>(MemberState::dead)) r.fail();
    rumour.state = static_cast<MemberState>(state);
    rumour.incarnation = r.u64();
  }
}

}  // namespace assay::reference
