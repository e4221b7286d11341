#pragma once
// The target `mysql`: MySQL, single, or with group replication.

#include "harness/target.h"

namespace assay::mysql {

/// The suite of Debian that has MySQL's server: bookworm and trixie have only MariaDB's.
inline constexpr const char* suite = "sid";

TargetEntry mysql_target_entry();

}  // namespace assay::mysql
