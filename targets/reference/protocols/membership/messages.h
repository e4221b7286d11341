#pragma once
// What members say to each other to know who is alive.

#include <cstdint>
#include <tuple>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// "I am alive."
struct AliveBeat {
  static auto fields(auto& /*m*/) { return std::tie(); }
  bool operator==(const AliveBeat&) const = default;
};

enum class MemberState : std::uint8_t { alive = 0, suspected = 1, dead = 2 };
constexpr MemberState last_of(MemberState) { return MemberState::dead; }

/// A rumour. Only the member itself raises its incarnation, to refute that it is not alive.
struct MemberRumour {
  NodeId member = NodeId::none;
  MemberState state = MemberState::alive;
  std::uint64_t incarnation = 0;
  static auto fields(auto& m) { return std::tie(m.member, m.state, m.incarnation); }
  bool operator==(const MemberRumour&) const = default;
};

enum class ProbeKind : std::uint8_t { ping = 0, ping_for = 1, acknowledge = 2 };
constexpr ProbeKind last_of(ProbeKind) { return ProbeKind::acknowledge; }

/// `target`: whom a ping_for asks to ping, and whom an acknowledgement is about. Rumours ride
/// along.
struct Probe {
  ProbeKind kind = ProbeKind::ping;
  std::uint64_t sequence = 0;
  NodeId target = NodeId::none;
  std::vector<MemberRumour> rumours;
  static auto fields(auto& m) { return std::tie(m.kind, m.sequence, m.target, m.rumours); }
  bool operator==(const Probe&) const = default;
};

}  // namespace assay::reference
