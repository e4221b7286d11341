#pragma once
// The fault that asks whether members remember whom they elected: as soon as somebody leads, the
// others are made to elect again, those that voted having crashed at the moment they said so.
// Source: Ongaro and Ousterhout, "In search of an understandable consensus algorithm", 2014,
// figure 2 (votedFor and currentTerm are persistent).

#include <memory>

#include "targets/reference/sim/ongoing_fault.h"

namespace assay::reference {

/// Again and again, each time after up to twice this time of work: the leader crashes and is back
/// at once; in the election that follows whoever grants a vote crashes as it says so, losing all
/// that is not durable, and is back at once too; and whoever is elected is cut off before anybody
/// hears of it, until the others have a leader of theirs and up to half a second longer. The world
/// is borrowed.
std::shared_ptr<OngoingFault> repeated_election(World& world, Nanos works);

}  // namespace assay::reference
