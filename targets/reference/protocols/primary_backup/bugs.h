#pragma once
// The mistakes that single-leader replication can be made to repeat.

#include <cstdint>
#include <span>

#include "targets/reference/protocols/bug.h"

namespace assay::reference {

/// In the order of the table in entry.cc.
enum class PrimaryBackupBug : std::uint8_t {
  read_unacknowledged,
  read_before_recovery,
  acknowledge_before_sync,
  apply_retry_twice,
  promote_lagging,
  split_brain,
  apply_out_of_order,
  epoch_not_raised,
  session_forgotten,
};

}  // namespace assay::reference
