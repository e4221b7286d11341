#pragma once
// The target `mariadb`: MariaDB, single, with replicas, or a Galera cluster.

#include "harness/target.h"

namespace assay::mariadb {

TargetEntry mariadb_target_entry();

}  // namespace assay::mariadb
