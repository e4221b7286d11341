#pragma once
// The mistakes that sharded transactions can be made to repeat.

#include <cstdint>

#include "targets/reference/protocols/bug.h"

namespace assay::reference {

/// In the order of the table in entry.cc.
enum class ShardedBug : std::uint8_t {
  forget_in_doubt,
  abort_after_yes,
  decide_before_sync,
  vote_before_sync,
  forget_decision,
  unlock_at_vote,
  unlock_reads_at_vote,
  recover_write_locks_only,
  no_read_locks,
  snapshot_per_shard,
  last_committer_wins,
  read_past_prepared,
  clock_not_reserved,
  compensate_twice,
};

}  // namespace assay::reference
