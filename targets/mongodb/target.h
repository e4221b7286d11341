#pragma once
// The target `mongodb`: a replica set that runs already.

#include "harness/target.h"

namespace assay::mongodb {

TargetEntry mongodb_target_entry();

}  // namespace assay::mongodb
