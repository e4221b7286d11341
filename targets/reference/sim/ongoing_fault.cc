#include "targets/reference/sim/ongoing_fault.h"

#include <cstddef>

namespace assay::reference {

void OngoingFault::run() {
  world_.at(world_.now() + act(), [self = weak_from_this()] {
    if (const auto alive = self.lock()) alive->run();
  });
}

void OngoingFault::bounce(NodeId member) {
  world_.crash(member);
  return_soon(member);
}

void OngoingFault::return_soon(NodeId member) {
  constexpr std::int64_t down_us_max = 15'000;
  const Nanos down = std::chrono::microseconds(world_.random().between(1'000, down_us_max));
  world_.at(world_.now() + down, [&world = world_, member] { world.restart(member); });
}

NodeId OngoingFault::any_member() {
  const auto& members = world_.members();
  return members[world_.random().below(members.size())];
}

NodeId OngoingFault::likely_leader() {
  const auto leaders = world_.leaders();
  if (leaders.empty() || world_.random().chance(0.5)) return any_member();
  return leaders[world_.random().below(leaders.size())];
}

std::vector<std::uint64_t> Split::all() const {
  std::vector<std::uint64_t> splits;
  const std::uint64_t end = std::uint64_t{1} << (world_.members().size() - 1);
  for (std::uint64_t split = 1; split < end; ++split) splits.push_back(split);
  return splits;
}

void Split::apart(std::uint64_t split) {
  together();
  const auto& members = world_.members();
  // Kept, not computed in the loop: g++ 12 at -O2 gets a comparison of two such bits wrong.
  std::vector<std::uint8_t> side(members.size(), 0);
  for (std::size_t i = 1; i < members.size(); ++i) {
    side[i] = static_cast<std::uint8_t>(split >> (i - 1) & 1U);
  }
  for (std::size_t a = 0; a < members.size(); ++a) {
    for (std::size_t b = 0; b < members.size(); ++b) {
      if (side[a] == side[b]) continue;
      world_.cut(members[a], members[b]);
      links_.emplace_back(members[a], members[b]);
    }
  }
}

void Split::together() {
  for (const auto& [from, to] : links_) world_.mend(from, to);
  links_.clear();
}

}  // namespace assay::reference
