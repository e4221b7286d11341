#pragma once
// The mistakes that quorum replication can be made to repeat.

#include <cstdint>

#include "targets/reference/protocols/bug.h"

namespace assay::reference {

/// In the order of the table in entry.cc.
enum class QuorumBug : std::uint8_t {
  repair_writes_old,
  hint_overwrites,
  own_clock_stamps,
  acknowledge_early,
  substitutes_count,
  acknowledge_before_sync,
  answer_before_write_back,
};

}  // namespace assay::reference
