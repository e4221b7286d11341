#pragma once
// The target `mongodb-front`: the bundled cluster, which MongoDB's own driver takes for a replica
// set.

#include "harness/target.h"

namespace assay::mongodb {

TargetEntry front_target_entry();

}  // namespace assay::mongodb
