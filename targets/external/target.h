#pragma once
// The target `external`: whatever a driver of the user's can reach.

#include "harness/target.h"

namespace assay::external {

TargetEntry external_target_entry();

}  // namespace assay::external
