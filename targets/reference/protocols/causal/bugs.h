#pragma once
// The mistakes that the causal store can be made to repeat.

#include <cstdint>

#include "targets/reference/protocols/bug.h"

namespace assay::reference {

/// In the order of the table in entry.cc.
enum class CausalBug : std::uint8_t {
  own_writes_only,
  last_read_only,
  dependencies_lost_at_restart,
  clock_not_advanced,
  acknowledge_before_sync,
  session_without_context,
};

}  // namespace assay::reference
