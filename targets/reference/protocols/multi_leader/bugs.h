#pragma once
// The mistakes that multi-leader replication can be made to repeat.

#include <cstdint>

#include "targets/reference/protocols/bug.h"

namespace assay::reference {

/// In the order of the table in entry.cc.
enum class MultiLeaderBug : std::uint8_t {
  wall_clock_stamps,
  tie_by_arrival,
  clock_not_recovered,
  acknowledge_before_sync,
  skip_gap,
  siblings_lost,
};

}  // namespace assay::reference
