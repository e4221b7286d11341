// Sharded transactions: the clock that orders snapshots and commits. The first member gives out
// stamps, each greater than all before; it writes ahead how far it may go, so that after a crash it
// gives none twice. Source: Peng and Dabek, "Large-scale incremental processing using distributed
// transactions and notifications", 2010, 2.3.
#include <algorithm>

#include "targets/reference/protocols/sharded/sharded.h"

namespace assay::reference {
namespace {
constexpr std::uint64_t reserved_at_a_time = 1000;
}

void Sharded::on(Nanos /*now*/, NodeId from, const ShardClockRequest& message) {
  if (config_.self != config_.members.front()) return;
  const std::uint64_t stamp = ++last_stamp_;
  if (stamp > reserved_) {
    reserved_ = stamp + reserved_at_a_time;
    reservation_ = record({}, "clock", static_cast<std::int64_t>(reserved_));
  }
  const bool careless = has(ShardedBug::clock_not_reserved);
  post_after(careless ? 0 : reservation_, from, ShardClock{message.id, message.commit, stamp});
}

}  // namespace assay::reference
