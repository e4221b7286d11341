#pragma once
// The fault that sets up figure 8 of the Raft paper, whatever the protocol: of two members that
// lead in turns, each comes back with a log that the other has not seen.
// Source: Ongaro and Ousterhout, "In search of an understandable consensus algorithm", 2014, 5.4.2.

#include <memory>

#include "targets/reference/sim/ongoing_fault.h"

namespace assay::reference {

/// Again and again: a leader is cut off after up to twice this time of work; the next one as soon
/// as it leads, when the first comes back; then the first as soon as it has committed anything,
/// when the second comes back. Who comes back has a fast clock until it leads, so that it is the
/// first to stand for election. The world is borrowed.
std::shared_ptr<OngoingFault> returning_leader(World& world, Nanos works);

}  // namespace assay::reference
