#pragma once
// The target `reference`: the bundled cluster of assay-node processes.

#include "harness/target.h"

namespace assay::reference {

TargetEntry reference_target_entry();

}  // namespace assay::reference
