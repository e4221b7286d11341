#pragma once
// Failure detection, measured: how soon a crash is known, how often a member is suspected that is
// well, and what it costs in messages. After the measures of Chen, Toueg and Aguilera, "On the
// quality of service of failure detectors", 2002.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <utility>

#include "targets/reference/protocols/membership/membership.h"
#include "targets/reference/sim/world.h"

namespace assay::reference {

/// Makes one member's membership protocol.
using MembershipMaker =
    std::function<std::unique_ptr<MembershipProtocol>(const Membership&, const Random&)>;

// Members speak every 200 ms.
MembershipMaker heartbeats_with_timeout(Nanos timeout);
MembershipMaker heartbeats_with_phi(double threshold);
MembershipMaker swim_gossip();

/// A cluster whose members' views are sampled every 10 ms. Messages take up to 5 ms, one in a
/// hundred twenty times as long, and a share of `loss` is lost. Not thread-safe.
class ObservedMembership {
 public:
  ObservedMembership(const MembershipMaker& make, std::size_t size, double loss,
                     std::uint64_t seed);

  void pass(Nanos time);
  /// Crashes one member: the times until the first and until every other one takes it for crashed,
  /// or `patience`.
  std::pair<Nanos, Nanos> crash(NodeId member);
  /// Starts it again: the time until nobody suspects it any more, or `patience`.
  Nanos restart(NodeId member);

  World& world() { return world_; }
  /// Messages that members sent so far.
  std::uint64_t sent() const { return sent_; }
  /// How often some member began to suspect one that was well.
  std::size_t false_suspicions() const { return false_suspicions_; }

  static constexpr Nanos patience = std::chrono::seconds(30);

 private:
  void sample();
  const MembershipProtocol& view(NodeId member) const;

  std::uint64_t sent_ = 0;
  World world_;
  std::set<std::pair<NodeId, NodeId>> suspicions_;
  std::set<NodeId> recovering_;
  std::size_t false_suspicions_ = 0;
};

/// Two quiet minutes, then eleven crashes one after another. Times are medians over the crashes.
struct DetectionQuality {
  Nanos first{0};  ///< until some member knows
  Nanos all{0};    ///< until every member knows
  Nanos worst{0};  ///< the longest of the latter
  Nanos back{0};   ///< after a restart, until nobody suspects it
  std::size_t false_suspicions = 0;
  double messages = 0;  ///< sent by each member in a second
};
DetectionQuality measure_detection(const MembershipMaker& make, std::size_t size, double loss,
                                   std::uint64_t seed);

}  // namespace assay::reference
