#pragma once
// How far the leader has brought one follower. While it probes for the place where the logs agree
// it sends one request at a time; once found it sends ahead, a bounded number of requests.

#include <cstddef>
#include <optional>

#include "base/clock.h"
#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/message.h"

namespace assay::reference {

class Progress {
 public:
  /// Nothing is known: probe from the entry after `last`.
  void reset(LogIndex last);

  /// The next request with entries up to `limit`, or nothing while there is nothing to send or
  /// enough is under way. The caller fills in term and commit.
  std::optional<AppendRequest> next_request(const DurableLog& log, LogIndex limit, Nanos now);
  void on_reply(const AppendReply& reply, const DurableLog& log, Nanos now);
  /// Sends again if what was sent got no answer for `silence`.
  void expire(Nanos now, Nanos silence);

  LogIndex match() const { return match_; }

 private:
  void back_up(const AppendReply& reply, const DurableLog& log);

  LogIndex next_ = 1;
  LogIndex match_ = 0;
  bool probing_ = true;
  std::size_t in_flight_ = 0;
  Nanos last_activity_{0};
};

}  // namespace assay::reference
