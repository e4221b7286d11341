#include "targets/reference/sim/operator_faults.h"

#include <algorithm>
#include <utility>

namespace assay::reference {
namespace {

NodeId latest_leader(World& world) {
  NodeId latest = NodeId::none;
  Term term = 0;
  for (const NodeId leader : world.leaders()) {
    const Term of_leader = world.protocol(leader)->status().term;
    if (latest == NodeId::none || of_leader > term) {
      latest = leader;
      term = of_leader;
    }
  }
  return latest;
}

/// What an operator asks of the leader; nobody waits for the answer.
void ask_leader(World& world, CommandKind kind, Datum value) {
  constexpr std::uint64_t operators = std::uint64_t{1} << 62U;
  const NodeId leader = latest_leader(world);
  if (leader == NodeId::none) return;
  Command command;
  command.kind = kind;
  command.id = {operators + world.random().below(operators), 1};
  command.value = std::move(value);
  world.request(leader, std::move(command));
}

/// The members as the leader of the latest term has them; empty: there is none, or none can leave.
std::vector<NodeId> configured(World& world) {
  const NodeId leader = latest_leader(world);
  if (leader == NodeId::none) return {};
  return world.protocol(leader)->status().members;
}

/// All follow one leader and hold a configuration with all of them: what everybody has in its log
/// is not taken back.
bool all_are_in(World& world) {
  const auto leaders = world.leaders();
  const auto& all = world.members();
  return leaders.size() == 1 && std::all_of(all.begin(), all.end(), [&](NodeId member) {
           if (!world.is_up(member)) return false;
           const auto status = world.protocol(member)->status();
           return status.leader == leaders.front() && status.members.size() == all.size();
         });
}

void ask_for_members(World& world, const std::vector<NodeId>& members) {
  Datum::List list;
  for (const NodeId member : members) list.emplace_back(static_cast<std::int64_t>(member));
  ask_leader(world, CommandKind::reconfigure, std::move(list));
}

/// Brings back whoever has left, one after another, as long as it takes. A change that was asked
/// for before may wait at some member, to be made seconds later, so it goes on for a while after
/// all are in: `quiet` is for how many looks that has been so.
void bring_all_back(World& world, int quiet = 0) {
  constexpr Nanos look_every = std::chrono::milliseconds(100);
  constexpr int quiet_enough = 80;
  quiet = all_are_in(world) ? quiet + 1 : 0;
  if (quiet == quiet_enough) return;
  auto members = configured(world);
  const auto& all = world.members();
  const auto missing = std::find_if(all.begin(), all.end(), [&](NodeId member) {
    return std::find(members.begin(), members.end(), member) == members.end();
  });
  if (!members.empty() && missing != all.end()) {
    members.push_back(*missing);
    ask_for_members(world, members);
  }
  world.at(world.now() + look_every, [&world, quiet] { bring_all_back(world, quiet); });
}

class MembershipChanges final : public OngoingFault {
 public:
  MembershipChanges(World& world, Nanos period, bool splits)
      : OngoingFault(world), split_(world), period_(period), splits_(splits) {}
  Nanos act() override {
    if (world_.now() >= split_at_) {
      split_at_ = Nanos::max();
      split_.apart(world_.random().pick(ways_));
    }
    const NodeId leader = latest_leader(world_);
    const bool fresh = leader != NodeId::none && leader != last_leader_;
    last_leader_ = leader;
    if (!fresh && world_.now() < next_) return look_every;
    next_ = world_.now() + Nanos(world_.random().between(0, 2 * period_.count()));
    change();
    if (splits_ && !ways_.empty()) {
      constexpr Nanos split_after_max = std::chrono::milliseconds(30);
      split_at_ = world_.now() + Nanos(world_.random().between(0, split_after_max.count()));
    }
    return look_every;
  }
  void stop() override {
    split_.together();
    bring_all_back(world_);
  }

 private:
  void change() {
    auto members = configured(world_);
    const NodeId member = any_member();
    const auto at = std::find(members.begin(), members.end(), member);
    constexpr std::size_t few = 2;
    if (at == members.end()) {
      members.push_back(member);
    } else if (members.size() > few) {
      members.erase(at);
    }
    ask_for_members(world_, members);
  }

  Split split_;
  std::vector<std::uint64_t> ways_ = split_.all();
  Nanos period_;
  bool splits_;
  NodeId last_leader_ = NodeId::none;
  Nanos next_{0};
  Nanos split_at_ = Nanos::max();
};

class HandOver final : public OngoingFault {
 public:
  HandOver(World& world, Nanos period) : OngoingFault(world), period_(period) {}
  Nanos act() override {
    ask_leader(world_, CommandKind::hand_over, static_cast<std::int64_t>(any_member()));
    return Nanos(world_.random().between(0, 2 * period_.count()));
  }

 private:
  Nanos period_;
};

}  // namespace

std::shared_ptr<OngoingFault> membership_changes(World& world, Nanos period, bool splits) {
  return std::make_shared<MembershipChanges>(world, period, splits);
}

std::shared_ptr<OngoingFault> hand_overs(World& world, Nanos period) {
  return std::make_shared<HandOver>(world, period);
}

}  // namespace assay::reference
