#include "targets/reference/sim/directed_faults.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "targets/reference/sim/ongoing_fault.h"
#include "targets/reference/sim/operator_faults.h"
#include "targets/reference/sim/repeated_election.h"
#include "targets/reference/sim/returning_leader.h"

namespace assay::reference {
namespace {

Nanos milliseconds(std::int64_t count) { return std::chrono::milliseconds(count); }

Value draw_chase(std::size_t /*n*/, Random& random) {
  constexpr std::array actions{"cut", "cut", "pair", "deafen", "mute", "crash", "pause"};
  constexpr std::array<std::int64_t, 4> delays_ms{10, 60, 250, 800};
  return Value::Map{{"action", actions[random.below(actions.size())]},
                    {"delay_ms", delays_ms[random.below(delays_ms.size())]}};
}

Value draw_sweep(std::size_t /*n*/, Random& random) {
  constexpr std::array<std::int64_t, 4> periods_ms{100, 300, 700, 1200};
  return Value::Map{{"period_ms", periods_ms[random.below(periods_ms.size())]},
                    {"bounce", random.chance(0.5)}};
}

Value draw_bounce(std::size_t /*n*/, Random& random) {
  constexpr std::array<std::int64_t, 3> periods_ms{40, 150, 500};
  return Value::Map{{"period_ms", periods_ms[random.below(periods_ms.size())]}};
}

Value draw_work(std::size_t /*n*/, Random& random) {
  constexpr std::array<std::int64_t, 3> periods_ms{30, 100, 300};
  return Value::Map{{"period_ms", periods_ms[random.below(periods_ms.size())]}};
}

Value draw_membership(std::size_t /*n*/, Random& random) {
  constexpr std::array<std::int64_t, 4> periods_ms{40, 150, 500, 1500};
  return Value::Map{{"period_ms", periods_ms[random.below(periods_ms.size())]},
                    {"split", random.chance(0.5)}};
}

Value no_parameters(std::size_t /*n*/, Random& /*random*/) { return Value::Map{}; }

/// A list for each receiver: how many times slower it hears each sender.
Value draw_uneven(std::size_t n, Random& random) {
  constexpr std::array<std::int64_t, 5> factors{1, 1, 1, 6, 40};
  Value::List receivers;
  for (std::size_t to = 0; to < n; ++to) {
    Value::List senders;
    for (std::size_t from = 0; from < n; ++from) {
      senders.emplace_back(factors[random.below(factors.size())]);
    }
    receivers.emplace_back(std::move(senders));
  }
  return Value::Map{{"factors", std::move(receivers)}};
}

constexpr std::array table{
    SimulatedFault{"chase-leader",
                   "each new leader is cut off (perhaps not from one), crashed or paused a little "
                   "later; the last one comes back",
                   draw_chase},
    SimulatedFault{"returning-leader",
                   "two members lead in turns, each cut off before the other has its log",
                   draw_work},
    SimulatedFault{
        "repeated-election",
        "who is elected is cut off and who voted crashes at once: the others elect again",
        draw_work},
    SimulatedFault{"split-sweep", "one split of the cluster after another, until all were there",
                   draw_sweep},
    SimulatedFault{"crash-voter", "who grants a vote crashes soon, and is back in no time",
                   no_parameters},
    SimulatedFault{"bounce", "now and then a member crashes and is back in no time", draw_bounce},
    SimulatedFault{"membership", "members leave the cluster and join it again, one at a time",
                   draw_membership, "reconfigure"},
    SimulatedFault{"hand-over", "leaders hand over to other members", draw_bounce, "hand-over"},
    SimulatedFault{"uneven-network", "some links are up to forty times slower than others",
                   draw_uneven},
};

std::int64_t number_of(const Value& parameters, const char* name) {
  const Value* value = find(parameters, name);
  const auto* number = value == nullptr ? nullptr : value->get_if<std::int64_t>();
  return number == nullptr ? -1 : *number;
}

Error malformed(const std::string& name) {
  return {ErrorKind::bad_data, name + ": these are not the parameters of this fault"};
}

class ChaseLeader final : public OngoingFault {
 public:
  ChaseLeader(World& world, std::string action, Nanos delay_max)
      : OngoingFault(world), action_(std::move(action)), delay_max_(delay_max) {}

  Nanos act() override {
    const auto leaders = world_.leaders();
    // A deposed leader may believe in itself for a while: only one that was none before counts.
    for (const NodeId leader : leaders) {
      if (known_.contains(leader) || strike_at_ != Nanos::max()) continue;
      prey_ = leader;
      strike_at_ = world_.now() + Nanos(world_.random().between(0, delay_max_.count()));
    }
    known_ = {leaders.begin(), leaders.end()};
    if (world_.now() >= strike_at_) {
      strike_at_ = Nanos::max();
      strike(prey_);
    }
    return look_every;
  }
  void stop() override { release(); }

 private:
  void strike(NodeId member) {
    release();
    struck_ = member;
    if (action_ == "crash") {
      world_.crash(member);
    } else if (action_ == "pause") {
      world_.pause(member);
    }
    // With one follower left, what it appends is on two members and not committed.
    const bool cuts = action_ == "cut" || action_ == "pair";
    const NodeId mate = action_ == "pair" ? any_member() : NodeId::none;
    for (const NodeId other : world_.members()) {
      if (other == member || other == mate) continue;
      if (cuts || action_ == "mute") world_.cut(member, other);
      if (cuts || action_ == "deafen") world_.cut(other, member);
    }
  }
  void release() {
    if (struck_ == NodeId::none) return;
    world_.restart(struck_);
    world_.resume(struck_);
    for (const NodeId other : world_.members()) {
      world_.mend(struck_, other);
      world_.mend(other, struck_);
    }
    struck_ = NodeId::none;
  }

  std::string action_;
  Nanos delay_max_;
  std::set<NodeId> known_;
  NodeId prey_ = NodeId::none;
  NodeId struck_ = NodeId::none;
  Nanos strike_at_ = Nanos::max();
};

class SplitSweep final : public OngoingFault {
 public:
  SplitSweep(World& world, Nanos period, bool bounces)
      : OngoingFault(world), split_(world), period_(period), bounces_(bounces) {}

  Nanos act() override {
    if (left_.empty()) {
      left_ = split_.all();
      world_.random().shuffle(std::span(left_));
    }
    if (!left_.empty()) {
      split_.apart(left_.back());
      left_.pop_back();
    }
    if (bounces_) bounce(likely_leader());
    return period_;
  }
  void stop() override { split_.together(); }

 private:
  Split split_;
  Nanos period_;
  bool bounces_;
  std::vector<std::uint64_t> left_;
};

class Bounce final : public OngoingFault {
 public:
  Bounce(World& world, Nanos period) : OngoingFault(world), period_(period) {}
  Nanos act() override {
    bounce(likely_leader());
    return Nanos(world_.random().between(0, 2 * period_.count()));
  }

 private:
  Nanos period_;
};

class CrashVoter final : public OngoingFault {
 public:
  explicit CrashVoter(World& world) : OngoingFault(world) {
    world_.listen(this, [this](NodeId from, NodeId /*to*/, const Message& message) {
      const auto* vote = std::get_if<VoteReply>(&message);
      if (vote != nullptr && vote->granted && !vote->pre) voters_.insert(from);
    });
  }
  Nanos act() override {
    for (const NodeId voter : std::exchange(voters_, {})) bounce(voter);
    constexpr std::int64_t look_us_max = 2'000;
    return std::chrono::microseconds(world_.random().between(1, look_us_max));
  }
  void stop() override { world_.forget_listener(this); }

 private:
  std::set<NodeId> voters_;
};

StartedFault started(std::string what, std::shared_ptr<OngoingFault> fault) {
  fault->run();
  return {std::move(what), [fault = std::move(fault)]() mutable {
            if (fault != nullptr) fault->stop();
            fault.reset();
          }};
}

Result<StartedFault> uneven_network(World& world, const Value& parameters) {
  const auto& members = world.members();
  const Value* factors = find(parameters, "factors");
  const auto* receivers = factors == nullptr ? nullptr : factors->get_if<Value::List>();
  if (receivers == nullptr || receivers->size() != members.size()) {
    return malformed("uneven-network");
  }
  for (std::size_t to = 0; to < members.size(); ++to) {
    const auto* senders = (*receivers)[to].get_if<Value::List>();
    if (senders == nullptr || senders->size() != members.size()) {
      return malformed("uneven-network");
    }
    for (std::size_t from = 0; from < members.size(); ++from) {
      const auto* factor = (*senders)[from].get_if<std::int64_t>();
      if (factor == nullptr || *factor < 1) return malformed("uneven-network");
      world.slow_link(members[from], members[to], *factor);
    }
  }
  return StartedFault{"some links are slow", [&world] { world.even_links(); }};
}

}  // namespace

std::span<const SimulatedFault> directed_faults() { return table; }

std::optional<Result<StartedFault>> start_directed(World& world, const std::string& name,
                                                   const Value& parameters) {
  if (name == "chase-leader") {
    const Value* action = find(parameters, "action");
    const auto* what = action == nullptr ? nullptr : action->get_if<std::string>();
    const std::int64_t delay = number_of(parameters, "delay_ms");
    if (what == nullptr || delay < 0) return malformed(name);
    return started(*what + " each new leader",
                   std::make_shared<ChaseLeader>(world, *what, milliseconds(delay)));
  }
  if (name == "split-sweep") {
    const std::int64_t period = number_of(parameters, "period_ms");
    const Value* bounces = find(parameters, "bounce");
    if (period < 1 || bounces == nullptr) return malformed(name);
    return started(
        "one split after another",
        std::make_shared<SplitSweep>(world, milliseconds(period), *bounces == Value(true)));
  }
  if (name == "bounce" || name == "membership" || name == "hand-over" ||
      name == "returning-leader" || name == "repeated-election") {
    const std::int64_t period = number_of(parameters, "period_ms");
    if (period < 1) return malformed(name);
    const Nanos mean = milliseconds(period);
    if (name == "membership") {
      const Value* split = find(parameters, "split");
      const bool splits = split != nullptr && *split == Value(true);
      return started("members leave and join", membership_changes(world, mean, splits));
    }
    if (name == "returning-leader") {
      return started("leaders come back in turns", returning_leader(world, mean));
    }
    if (name == "repeated-election") {
      return started("elections are repeated", repeated_election(world, mean));
    }
    if (name == "hand-over") {
      return started("leaders hand over", hand_overs(world, mean));
    }
    return started("members crash and come back at once", std::make_shared<Bounce>(world, mean));
  }
  if (name == "crash-voter") {
    return started("voters crash and come back at once", std::make_shared<CrashVoter>(world));
  }
  if (name == "uneven-network") return uneven_network(world, parameters);
  return std::nullopt;
}

}  // namespace assay::reference
