#pragma once
// The target `etcd`: a cluster of etcd members, asked through the JSON gateway of version 3.

#include "harness/target.h"

namespace assay::etcd {

TargetEntry etcd_target_entry();

}  // namespace assay::etcd
