#pragma once
// Small helps for tests that run protocols in a simulated world.

#include <set>

#include "targets/reference/sim/world.h"

namespace assay::reference {

constexpr Nanos milliseconds(std::int64_t count) { return std::chrono::milliseconds(count); }

/// One that says it leads; none if nobody does.
inline NodeId leader_of(const World& world) {
  const auto leaders = world.leaders();
  return leaders.empty() ? NodeId::none : leaders.front();
}

/// Cuts every link between the two groups.
inline void partition(World& world, const std::set<NodeId>& one, const std::set<NodeId>& other) {
  for (const NodeId a : one) {
    for (const NodeId b : other) {
      world.cut(a, b);
      world.cut(b, a);
    }
  }
}

}  // namespace assay::reference
