#pragma once
// How far the leader has brought one follower. While it probes for the place where the logs agree
// it sends one request at a time; once found it sends ahead, a bounded number of requests.

#include <cstddef>
#include <optional>

#include "base/clock.h"
#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/leader_messages.h"
#include "targets/reference/protocols/raft/messages.h"

namespace assay::reference {

class Progress {
 public:
  /// Nothing is known: probe from the entry after `last`.
  void reset(LogIndex last);

  /// The next request with entries up to `limit`, or nothing while there is nothing to send or
  /// enough is under way. The caller fills in term and commit.
  std::optional<AppendRequest> next_request(const DurableLog& log, LogIndex limit, Nanos now,
                                            std::size_t entries_max = batch_entries_max);
  void on_reply(const AppendReply& reply, const DurableLog& log, Nanos now);
  /// True if what comes next is compacted: the follower needs the snapshot.
  bool needs_snapshot(const DurableLog& log) const { return next_ <= log.base(); }
  /// The next part of the snapshot, or nothing while one is under way. The caller fills in term.
  std::optional<InstallSnapshot> next_part(const DurableLog& log, Nanos now);
  void on_reply(const InstallSnapshotReply& reply, Nanos now);
  /// Sends again if what was sent got no answer for `silence`.
  void expire(Nanos now, Nanos silence);

  LogIndex match() const { return match_; }

 private:
  void back_up(const AppendReply& reply, const DurableLog& log);

  LogIndex next_ = 1;
  LogIndex match_ = 0;
  bool probing_ = true;
  std::size_t in_flight_ = 0;
  LogIndex snapshot_ = 0;     // which one is under way
  std::size_t received_ = 0;  // bytes of it that the follower has
  Nanos last_activity_{0};
};

}  // namespace assay::reference
