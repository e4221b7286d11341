#pragma once
// The mistakes that the coordination service can be made to repeat.

#include <cstdint>
#include <span>

#include "targets/reference/protocols/bug.h"

namespace assay::reference {

/// In the order of the table in entry.cc.
enum class CoordinationBug : std::uint8_t {
  expire_at_election,
  expire_by_own_clock,
  expire_after_renewal,
  ephemeral_outlives_session,
  release_any_holder,
  sequence_from_children,
  snapshot_without_sequences,
  fence_unchecked,
  watch_uncommitted,
  watch_from_now,
  watch_skips_compacted,
  watch_splits_revision,
  watch_by_key,
  local_read_as_synced,
  read_before_catching_up,
  answer_before_applied,
};

std::span<const BugEntry> coordination_bugs();

}  // namespace assay::reference
