#pragma once
// The target `redis`: Redis, single, or a primary with replicas that Sentinel watches.

#include "harness/target.h"

namespace assay::redis {

TargetEntry redis_target_entry();

}  // namespace assay::redis
