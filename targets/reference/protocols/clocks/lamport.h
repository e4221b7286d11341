#pragma once
// Lamport's logical clock: numbers events so that whatever may have caused an event has a smaller
// stamp. The converse does not hold: a smaller stamp may belong to a concurrent event, and no
// function of two stamps can tell (clocks/version_vector.h can).
// Source: Lamport, "Time, clocks, and the ordering of events in a distributed system", 1978.

#include <algorithm>
#include <compare>
#include <cstdint>
#include <tuple>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Ordered by counter, then node: a total order of all events, if no node gives a counter twice.
/// Counter 0 is before every event.
struct LamportStamp {
  std::uint64_t counter = 0;
  NodeId node = NodeId::none;
  static auto fields(auto& m) { return std::tie(m.counter, m.node); }
  auto operator<=>(const LamportStamp&) const = default;
};

/// Not thread-safe. A member that may crash must restart it beyond every stamp it has given away.
class LamportClock {
 public:
  explicit LamportClock(NodeId node, std::uint64_t counter = 0) : node_(node), counter_(counter) {}

  std::uint64_t counter() const { return counter_; }
  /// The stamp of a new event of this node.
  LamportStamp tick() { return {++counter_, node_}; }
  /// What it has heard of: later events of this node have greater stamps.
  void observe(std::uint64_t counter) { counter_ = std::max(counter_, counter); }

 private:
  NodeId node_;
  std::uint64_t counter_;
};

}  // namespace assay::reference
