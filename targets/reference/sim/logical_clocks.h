#pragma once
// What logical clocks can tell of cause and effect, held against causality that is computed apart
// from them. Sources: Lamport, "Time, clocks, and the ordering of events in a distributed system",
// 1978; Mattern, "Virtual time and global states of distributed systems", 1989.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/clocks/lamport.h"
#include "targets/reference/protocols/clocks/version_vector.h"

namespace assay::reference {

/// An event of a run, with the stamps that clocks gave it and, independently, its causes.
struct StampedEvent {
  NodeId node = NodeId::none;
  LamportStamp stamp;
  VersionVector vector;
  std::vector<bool> causes;  ///< by position, transitively; not itself
};

/// Random events: every other one has received what some earlier event, of any node, sent.
std::vector<StampedEvent> random_events(Random& random, std::uint32_t nodes, std::size_t events);

/// Pairs of events, a before b in the order of the run.
struct ClockVerdicts {
  std::size_t pairs = 0;
  std::size_t effects_before_causes = 0;  ///< a caused b, but has the greater Lamport stamp
  std::size_t vectors_wrong = 0;          ///< their version vectors say otherwise than causality
  std::size_t apart = 0;                  ///< pairs of events of different nodes
  std::size_t concurrent = 0;             ///< of these: neither caused the other
  std::size_t ordered = 0;                ///< of these: but their Lamport counters differ
};
ClockVerdicts compare_clocks(const std::vector<StampedEvent>& events);

}  // namespace assay::reference
