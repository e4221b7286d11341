#include "targets/reference/sim/returning_leader.h"

#include <algorithm>
#include <cstdint>

namespace assay::reference {
namespace {

constexpr std::int64_t true_ms_per_s = 1000;
constexpr std::int64_t fast_ms_per_s = 3000;

class ReturningLeader final : public OngoingFault {
 public:
  ReturningLeader(World& world, Nanos works) : OngoingFault(world), works_(works) {}

  Nanos act() override {
    // What a leader sends first is on its way within a millisecond or so.
    constexpr Nanos look_closely_every = std::chrono::milliseconds(1);
    if (!leads(prey_)) choose_prey();
    if (prey_ != NodeId::none && is_time()) strike();
    return look_closely_every;
  }
  void stop() override { bring_back(false); }

 private:
  enum class Stage : std::uint8_t { works, begins, commits };

  bool leads(NodeId member) const {
    const auto leaders = world_.leaders();
    return std::find(leaders.begin(), leaders.end(), member) != leaders.end();
  }
  void choose_prey() {
    prey_ = NodeId::none;
    for (const NodeId leader : world_.leaders()) {
      // Who was cut off may believe in itself for a while, also when it is back.
      const StatusReport status = world_.protocol(leader)->status();
      if (status.term <= struck_term_) continue;
      prey_ = leader;
      committed_ = status.commit;
      strike_at_ = world_.now() + Nanos(world_.random().between(0, 2 * works_.count()));
    }
  }
  bool is_time() const {
    switch (stage_) {
      case Stage::works:
        return world_.now() >= strike_at_;
      case Stage::begins:
        return true;
      case Stage::commits:
        return world_.protocol(prey_)->status().commit > committed_;
    }
    return false;
  }
  void strike() {
    bring_back(stage_ != Stage::works);
    for (const NodeId other : world_.members()) {
      if (other == prey_) continue;
      world_.cut(prey_, other);
      world_.cut(other, prey_);
    }
    cut_off_ = prey_;
    struck_term_ = world_.protocol(prey_)->status().term;
    prey_ = NodeId::none;
    stage_ = stage_ == Stage::works    ? Stage::begins
             : stage_ == Stage::begins ? Stage::commits
                                       : Stage::works;
  }
  void bring_back(bool hastens) {
    slow_down();
    if (cut_off_ == NodeId::none) return;
    for (const NodeId other : world_.members()) {
      world_.mend(cut_off_, other);
      world_.mend(other, cut_off_);
    }
    if (hastens) {
      hastened_ = cut_off_;
      world_.set_clock_rate(hastened_, fast_ms_per_s);
    }
    cut_off_ = NodeId::none;
  }
  void slow_down() {
    if (hastened_ != NodeId::none) world_.set_clock_rate(hastened_, true_ms_per_s);
    hastened_ = NodeId::none;
  }

  Nanos works_;
  Stage stage_ = Stage::works;
  NodeId prey_ = NodeId::none;
  NodeId cut_off_ = NodeId::none;
  NodeId hastened_ = NodeId::none;
  Term struck_term_ = 0;
  LogIndex committed_ = 0;  // by the prey, when it began to lead
  Nanos strike_at_{0};
};

}  // namespace

std::shared_ptr<OngoingFault> returning_leader(World& world, Nanos works) {
  return std::make_shared<ReturningLeader>(world, works);
}

}  // namespace assay::reference
