#pragma once
// What directed faults are made of: something that goes on happening while a fault is in force, and
// splits of the cluster.

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "targets/reference/sim/world.h"

namespace assay::reference {

/// Ends when the last owner but the world lets go. Not thread-safe; the world is borrowed.
class OngoingFault : public std::enable_shared_from_this<OngoingFault> {
 public:
  explicit OngoingFault(World& world) : world_(world) {}
  virtual ~OngoingFault() = default;
  /// Acts now, and again and again.
  void run();
  /// Undoes what is left of it.
  virtual void stop() {}

 protected:
  /// How often to look for an event that nobody reports.
  static constexpr Nanos look_every = std::chrono::milliseconds(5);
  /// Returns after how long to act again.
  virtual Nanos act() = 0;
  /// Crashes now and starts again within 15 ms, whether or not the fault is still in force.
  void bounce(NodeId member);
  /// The second half of it.
  void return_soon(NodeId member);
  NodeId any_member();
  /// Half the time a leader, if there is one.
  NodeId likely_leader();

  World& world_;
};

/// Two groups that do not hear each other. A split is the set of members that are not in the first
/// one's group, as bits.
class Split {
 public:
  explicit Split(World& world) : world_(world) {}
  /// All ways to split the cluster.
  std::vector<std::uint64_t> all() const;
  void apart(std::uint64_t split);
  void together();

 private:
  World& world_;
  std::vector<std::pair<NodeId, NodeId>> links_;
};

}  // namespace assay::reference
