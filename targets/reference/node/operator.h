#pragma once
// The operator's side of assay-node: asks the members to let one of them go, or come back.

#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "targets/reference/node/options.h"

namespace assay::reference {

enum class Change { leave, join };

/// Asks whoever leads for the cluster without, or with, the member options.id, again and again
/// until it is committed; gives the other members. Error: unavailable (not agreed within
/// `patience`, and what was said last), usage (this protocol's members never change).
Result<std::vector<NodeId>> change_members(const NodeOptions& options, Change change,
                                           Nanos patience);

}  // namespace assay::reference
