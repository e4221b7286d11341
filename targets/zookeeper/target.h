#pragma once
// The target `zookeeper`: a ZooKeeper ensemble.

#include "harness/target.h"

namespace assay::zookeeper {

TargetEntry zookeeper_target_entry();

}  // namespace assay::zookeeper
