#pragma once
// Who judges that a client has been silent for too long: the leader, by its own clock. It trusts
// nothing that it has not seen itself, so after an election every session has its whole time again.
// Source: Hunt et al., "ZooKeeper", 2010, section 4.4; etcd, "lessor" (a new leader extends
// leases).

#include <cstdint>
#include <map>

#include "base/clock.h"

namespace assay::reference {

/// Not thread-safe.
class SessionClock {
 public:
  /// A session ends after `timeout` of silence; zero: never.
  explicit SessionClock(Nanos timeout) : timeout_(timeout) {}

  /// Nothing is known any more.
  void reset() { heard_.clear(); }
  /// `sessions`: each client with its latest request. Returns those that were silent for too long.
  /// One that is new here was heard at `unseen_since`. O(sessions).
  std::map<std::uint64_t, std::uint64_t> look(
      Nanos now, Nanos unseen_since, const std::map<std::uint64_t, std::uint64_t>& sessions);

  /// How often to look: what is noticed late lives longer, never shorter.
  Nanos interval() const { return timeout_ / 8; }
  bool counts() const { return timeout_ > Nanos::zero(); }

 private:
  struct Heard {
    std::uint64_t sequence = 0;
    Nanos at{0};
  };
  Nanos timeout_;
  std::map<std::uint64_t, Heard> heard_;
};

}  // namespace assay::reference
