#pragma once
// What operators do to a cluster that can change: members leave and join, leaders hand over. They
// are no faults, but happen in the midst of them.

#include <memory>

#include "targets/reference/sim/ongoing_fault.h"

namespace assay::reference {

/// Asks for a change about every `period`, and at once of every new leader, which has committed
/// nothing yet. With `splits` the cluster falls apart another way right after each. Stopped, it
/// brings all members back, as long as that takes.
std::shared_ptr<OngoingFault> membership_changes(World& world, Nanos period, bool splits);

/// Asks the leader to hand over to some member about every `period`.
std::shared_ptr<OngoingFault> hand_overs(World& world, Nanos period);

}  // namespace assay::reference
