#pragma once
// A cluster in one thread under virtual time: the members' protocols, a network that loses,
// repeats, delays and reorders, disks that lose what was not yet durable, clocks that run fast or
// slow, crashes and pauses. Every choice is drawn from one seed: the same seed gives the same
// history, bit for bit, on any machine.
// Sources: Zhou et al., "FoundationDB: a distributed unbundled transactional key value store",
// 2021, section 4; TigerBeetle's VOPR.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/protocol.h"

namespace assay::reference {

/// How the network and the disks behave.
struct Weather {
  double loss = 0;      ///< share of messages that are lost
  double repeat = 0;    ///< share that arrive twice
  double straggle = 0;  ///< share that take twenty times as long
  Nanos delay_min = std::chrono::microseconds(100);
  Nanos delay_max = std::chrono::milliseconds(5);
  Nanos sync_max = std::chrono::milliseconds(8);  ///< how long a disk takes at most
};

/// Not thread-safe; worlds are independent of each other.
class World {
 public:
  using Make = std::function<std::unique_ptr<Protocol>(const Membership&, const Random&)>;
  /// What is on a member's disk.
  using Disk = Recovered;

  /// Members 1 … size, all started.
  World(std::uint64_t seed, std::size_t size, const Weather& weather, Make make);

  Nanos now() const { return now_; }
  std::uint64_t steps() const { return steps_; }  ///< how many events happened so far
  /// Once a second has more steps than this the world is flooded: nothing happens any more, time
  /// still passes.
  void limit_steps(std::uint64_t a_second_max) { steps_a_second_max_ = a_second_max; }
  bool is_flooded() const { return steps_of_second_ > steps_a_second_max_; }
  /// Lets the next event happen if it is due by `until`; else time becomes `until`. False: none.
  bool step(Nanos until);
  void run_until(Nanos until);
  /// The action happens then, after whatever else was planned for that moment before.
  void at(Nanos when, std::function<void()> action);

  // What clients do and see.
  void request(NodeId member, Command command);
  std::function<void(NodeId, const Reply&)> on_reply = [](NodeId, const Reply&) {};
  /// Connections to this member are gone.
  std::function<void(NodeId)> on_crash = [](NodeId) {};
  /// Called after each step of a member.
  std::function<void(NodeId)> observe = [](NodeId) {};
  /// Called with each message that a member sends, before the network does anything to it. Must
  /// change nothing but plan an action.
  using Listener = std::function<void(NodeId from, NodeId to, const Message&)>;
  void listen(const void* who, Listener listener) {
    listeners_.emplace_back(who, std::move(listener));
  }
  void forget_listener(const void* who) {
    std::erase_if(listeners_, [&](const auto& each) { return each.first == who; });
  }

  // Faults.
  /// Of the writes that were on their way to the disk some prefix is kept.
  void crash(NodeId member);
  /// So many of them, the first ones.
  void crash(NodeId member, std::size_t kept);
  /// Does nothing to a member that cannot read its disk.
  void restart(NodeId member);
  bool is_up(NodeId member) const { return node(member).protocol != nullptr; }
  /// Nothing happens on it until `resume`; what arrives meanwhile waits.
  void pause(NodeId member);
  void resume(NodeId member);
  void cut(NodeId from, NodeId to) { cut_.insert({from, to}); }
  void mend(NodeId from, NodeId to) { cut_.erase({from, to}); }
  void mend_all() { cut_.clear(); }
  /// Its monotonic clock makes so many milliseconds a second of the world's from now on.
  /// REQUIRES ms_per_s > 0. Whole numbers, so that every machine computes the same.
  void set_clock_rate(NodeId member, std::int64_t ms_per_s);
  /// Messages on this link take so many times as long as the weather says, until `even_links`.
  void slow_link(NodeId from, NodeId to, std::int64_t factor) { slow_links_[{from, to}] = factor; }
  void even_links() { slow_links_.clear(); }
  /// This member's disk takes up to so long; zero: what the weather says.
  void set_sync_max(NodeId member, Nanos sync_max) { node(member).sync_max = sync_max; }
  /// What is on its way to this member's disk is there at once, however slow the disk was.
  void catch_up_disk(NodeId member);
  /// One bit of this member's log file flips, wherever. What was read before stays in memory.
  void rot(NodeId member);
  /// The bit is as it was: the file is brought back from a copy.
  void restore_disk(NodeId member) { node(member).rotten_bit.reset(); }
  Nanos sync_max(NodeId member) const { return node(member).sync_max; }
  Weather& weather() { return weather_; }

  const std::vector<NodeId>& members() const { return members_; }
  /// Members that say that they lead, ascending.
  std::vector<NodeId> leaders() const;
  Protocol* protocol(NodeId member) { return node(member).protocol.get(); }
  const Protocol* protocol(NodeId member) const { return node(member).protocol.get(); }
  const Disk& disk(NodeId member) const { return node(member).disk; }
  /// Issued, but not durable yet.
  const std::deque<Write>& writes_on_their_way(NodeId member) const { return node(member).pending; }
  Random& random() { return random_; }
  /// Whether every write that a member has issued is durable.
  bool disks_idle() const {
    return std::all_of(nodes_.begin(), nodes_.end(),
                       [](const Node& node) { return node.pending.empty(); });
  }

 private:
  /// What one link, disk or member draws shifts nothing that another draws: a run from which an
  /// operation or a fault is left out goes on much as before, which is what lets it shrink.
  struct Node {
    Node(const Random& random, std::size_t members);
    Random chance;
    Random disk_chance;
    std::vector<Random> link_chance;     // by receiver
    std::unique_ptr<Protocol> protocol;  // null: down
    Disk disk;
    std::deque<Write> pending;
    std::optional<std::uint64_t> rotten_bit;  // modulo the bits of the file
    bool syncing = false;  // the first of them, up to what the sync under way took
    int life = 0;
    bool paused = false;
    Nanos sync_max{0};               // zero: the weather's
    Nanos alarm = Nanos::max();      // the earliest timer that is planned; world time
    std::int64_t clock_rate = 1000;  // milliseconds a second
    Nanos clock_base{0};             // its clock at world time clock_since
    Nanos clock_since{0};
  };
  struct Arrival {
    NodeId from = NodeId::none;
    Message message;
  };
  struct Synced {
    WriteToken token = 0;
  };
  struct Alarm {};
  /// What happens on a member.
  using Happening = std::variant<Alarm, Synced, Arrival, Command>;
  struct Event {
    NodeId member = NodeId::none;  // none: an action
    int life = 0;                  // Alarm and Synced belong to one life
    Happening what;
    std::function<void()> action;
  };
  /// What the heap orders; the event itself stays where it is.
  struct Slot {
    Nanos when;
    std::uint64_t order;
    std::uint32_t event;
    bool operator>(const Slot& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  Node& node(NodeId member) { return nodes_[static_cast<std::size_t>(member) - 1]; }
  const Node& node(NodeId member) const { return nodes_[static_cast<std::size_t>(member) - 1]; }
  Nanos local(const Node& node) const;
  Nanos world_time(const Node& node, Nanos local) const;
  void plan(Nanos when, Event event);
  void happen(Event event);
  void settle(NodeId member);
  void arm(NodeId member);
  void send(NodeId from, Send&& send);
  /// Takes all that has gathered, if no sync is under way.
  void begin_sync(NodeId member);
  static std::optional<Recovered> read_disk(const Node& node);

  std::vector<NodeId> members_;
  Random random_;
  Weather weather_;
  Make make_;
  std::vector<Node> nodes_;
  std::set<std::pair<NodeId, NodeId>> cut_;
  std::vector<std::pair<const void*, Listener>> listeners_;
  std::map<std::pair<NodeId, NodeId>, std::int64_t> slow_links_;
  std::priority_queue<Slot, std::vector<Slot>, std::greater<>> queue_;
  std::vector<Event> events_;
  std::vector<std::uint32_t> free_events_;
  std::map<NodeId, std::vector<Event>> held_;  // of paused members
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t steps_a_second_max_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t steps_of_second_ = 0;  // since second_
  Nanos second_{0};
  Nanos now_{0};
  Effects effects_;
};

}  // namespace assay::reference
