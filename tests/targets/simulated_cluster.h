#pragma once
// A cluster in one thread under virtual time: protocols, a network that loses, repeats, delays and
// reorders, disks that lose what was not yet durable, partitions and crashes. Everything is drawn
// from one seed, so a failing schedule repeats exactly.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::reference {

constexpr Nanos milliseconds(std::int64_t count) { return std::chrono::milliseconds(count); }

struct NetworkOptions {
  double loss = 0;
  double repeat = 0;
  Nanos delay_max = milliseconds(5);
  Nanos sync_max = milliseconds(8);  ///< how long a disk takes at most
};

class SimulatedCluster {
 public:
  using Make = std::function<std::unique_ptr<Protocol>(NodeId, const std::vector<NodeId>&, Random)>;
  struct Disk {
    HardState hard_state;
    std::vector<Entry> entries;
  };

  SimulatedCluster(std::uint64_t seed, std::size_t size, NetworkOptions options, Make make);

  /// Runs events up to `until`; the observer is called after each with the node it happened on.
  void run_until(Nanos until);
  std::function<void(NodeId)> observe = [](NodeId) {};
  std::function<void(const Reply&)> on_reply = [](const Reply&) {};

  void at(Nanos when, std::function<void()> action);
  void request(NodeId node, const Command& command);
  void crash(NodeId node);
  void restart(NodeId node);
  bool is_up(NodeId node) const { return nodes_.at(node).protocol != nullptr; }
  /// Cuts every link between the two groups.
  void partition(const std::set<NodeId>& one, const std::set<NodeId>& other);
  void heal() { cut_.clear(); }
  NodeId leader() const;  ///< one that says it leads; none if nobody does

  Protocol* protocol(NodeId node) { return nodes_.at(node).protocol.get(); }
  const Disk& disk(NodeId node) const { return nodes_.at(node).disk; }
  const std::vector<NodeId>& members() const { return members_; }
  Random& random() { return random_; }
  Nanos now() const { return now_; }
  NetworkOptions& options() { return options_; }

 private:
  struct Node {
    std::unique_ptr<Protocol> protocol;
    Disk disk;
    std::deque<Write> pending;
    int life = 0;
    Nanos disk_free{0};
  };
  struct Event {
    Nanos when;
    std::uint64_t order;
    std::function<void()> action;
    bool operator>(const Event& other) const {
      return std::pair(when, order) > std::pair(other.when, other.order);
    }
  };
  static void store(Disk& disk, Write&& write);
  void settle(NodeId id);
  void deliver(NodeId from, const Send& send);
  void sync(NodeId id, Node& node, WriteToken token);

  std::vector<NodeId> members_;
  Random random_;
  NetworkOptions options_;
  Make make_;
  std::map<NodeId, Node> nodes_;
  std::set<std::pair<NodeId, NodeId>> cut_;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events_;
  std::uint64_t order_ = 0;
  Nanos now_{0};
};

}  // namespace assay::reference
