#pragma once
// The mistakes that Raft can be made to repeat. Each breaks one rule of the protocol.

#include <cstdint>
#include <span>

#include "targets/reference/protocols/bug.h"

namespace assay::reference {

/// In the order of the table in entry.cc.
enum class RaftBug : std::uint8_t {
  unconfirmed_read,
  read_before_noop,
  follower_read,
  vote_not_persisted,
  vote_twice,
  vote_ignores_log,
  term_not_persisted,
  acknowledge_before_sync,
  count_unsynced_self,
  commit_earlier_term,
  commit_by_minority,
  commit_past_match,
  truncate_on_repeat,
  skip_previous_term_check,
  apply_retry_twice,
  doubt_as_failure,
  reconfigure_before_noop,
  reconfigure_two_at_once,
  snapshot_without_members,
  snapshot_without_sessions,
  lease_without_bound,
};

std::span<const BugEntry> raft_bugs();

}  // namespace assay::reference
