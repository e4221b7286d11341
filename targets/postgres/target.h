#pragma once
// The target `postgres`: PostgreSQL, single or a primary with standbys.

#include "harness/target.h"

namespace assay::postgres {

TargetEntry postgres_target_entry();

}  // namespace assay::postgres
