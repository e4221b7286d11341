#include "targets/reference/sim/repeated_election.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <variant>

namespace assay::reference {
namespace {

/// The term of a message that only a leader sends; 0: it is none.
Term term_of_leader(const Message& message) {
  if (const auto* append = std::get_if<AppendRequest>(&message)) return append->term;
  if (const auto* heartbeat = std::get_if<Heartbeat>(&message)) return heartbeat->term;
  return 0;
}

class RepeatedElection final : public OngoingFault {
 public:
  RepeatedElection(World& world, Nanos works) : OngoingFault(world), works_(works) {
    world_.listen(this, [this](NodeId from, NodeId to, const Message& message) {
      if (stage_ != Stage::elects) return;
      const auto* vote = std::get_if<VoteReply>(&message);
      if (vote != nullptr && vote->granted && !vote->pre) {
        term_ = std::max(term_, vote->term);
        elected_ = vote->term == term_ ? to : elected_;
        then(&RepeatedElection::crash_voter, from);
      } else if (from == elected_ && term_of_leader(message) == term_) {
        then(&RepeatedElection::cut_off, from);
      }
    });
    begin(Stage::works, Nanos(world_.random().between(0, 2 * works_.count())));
  }

  Nanos act() override {
    if (stage_ == Stage::parted && others_lead()) {
      constexpr std::int64_t apart_ms_max = 500;
      begin(Stage::overlaps, std::chrono::milliseconds(world_.random().between(0, apart_ms_max)));
    } else if (world_.now() >= ends_) {
      if (stage_ == Stage::works) {
        for (const NodeId leader : world_.leaders()) bounce(leader);
        elected_ = NodeId::none;
        begin(Stage::elects, patience);
      } else {
        bring_back();
        begin(Stage::works, Nanos(world_.random().between(0, 2 * works_.count())));
      }
    }
    return look_every;
  }
  void stop() override {
    world_.forget_listener(this);
    bring_back();
  }

 private:
  enum class Stage : std::uint8_t { works, elects, parted, overlaps };
  /// Nobody is elected, or nobody else: the cluster is too small or too broken for that.
  static constexpr Nanos patience = std::chrono::seconds(3);

  void begin(Stage stage, Nanos lasts) {
    stage_ = stage;
    ends_ = world_.now() + lasts;
  }
  /// Once the member's step is over, and before anything that it sent arrives.
  void then(void (RepeatedElection::*action)(NodeId), NodeId member) {
    world_.at(world_.now(), [self = weak_from_this(), action, member] {
      const auto alive = std::static_pointer_cast<RepeatedElection>(self.lock());
      if (alive != nullptr && alive->stage_ == Stage::elects) ((*alive).*action)(member);
    });
  }
  void crash_voter(NodeId voter) {
    world_.crash(voter, 0);
    return_soon(voter);
  }
  void cut_off(NodeId leader) {
    for (const NodeId other : world_.members()) {
      if (other == leader) continue;
      world_.cut(leader, other);
      world_.cut(other, leader);
    }
    cut_off_ = leader;
    begin(Stage::parted, patience);
  }
  void bring_back() {
    if (cut_off_ == NodeId::none) return;
    for (const NodeId other : world_.members()) {
      world_.mend(cut_off_, other);
      world_.mend(other, cut_off_);
    }
    cut_off_ = NodeId::none;
  }
  bool others_lead() const {
    const auto leaders = world_.leaders();
    return std::any_of(leaders.begin(), leaders.end(), [&](NodeId leader) {
      return leader != cut_off_ && world_.protocol(leader)->status().term >= term_;
    });
  }

  Nanos works_;
  Stage stage_ = Stage::works;
  Nanos ends_{0};
  Term term_ = 0;                  // the latest in which somebody got a vote
  NodeId elected_ = NodeId::none;  // who got it
  NodeId cut_off_ = NodeId::none;
};

}  // namespace

std::shared_ptr<OngoingFault> repeated_election(World& world, Nanos works) {
  return std::make_shared<RepeatedElection>(world, works);
}

}  // namespace assay::reference
