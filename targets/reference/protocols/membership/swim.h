#pragma once
// SWIM: each member pings one other a period, in a random order that it goes round; if no answer
// comes it asks a few others to ping in its stead, and only then suspects. Rumours (who is
// suspected, alive after all, or dead) ride along on the probes, so each member sends a constant
// number of messages however many there are, and news reaches all in about log n periods.
// Source: Das, Gupta and Motivala, "SWIM: scalable weakly-consistent infection-style process group
// membership protocol", 2002; with suspicion and incarnations (4.2) and round-robin probing (4.3).
// Beyond the paper: a member that is taken for dead and speaks is told so, and refutes it; that is
// how one that restarts comes back.

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/membership/membership.h"

namespace assay::reference {

struct SwimConfig {
  Membership membership;
  Nanos period = std::chrono::milliseconds(200);
  Nanos answer = std::chrono::milliseconds(60);  ///< then others are asked to ping
  std::size_t helpers = 3;                       ///< how many
  int suspicion_periods = 5;    ///< a suspected member that does not refute it is dead then
  std::size_t rumours_max = 6;  ///< on one message
  int spread = 3;               ///< a rumour is sent this many times log2(n + 1) times
};

class Swim final : public MembershipProtocol {
 public:
  Swim(SwimConfig config, Random random);

  std::string_view name() const override { return "swim"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;
  std::set<NodeId> suspects() const override;
  std::set<NodeId> confirmed() const override;

 private:
  struct Belief {
    MemberState state = MemberState::alive;
    std::uint64_t incarnation = 0;
    Nanos since{0};
  };
  struct Spreading {
    MemberRumour rumour;
    int left = 0;
  };
  struct Errand {  // a ping in another member's stead
    NodeId asked_by = NodeId::none;
    std::uint64_t sequence = 0;  // as that member knows it
  };

  void probe_next(Nanos now);
  void end_period(Nanos now);
  void hear(Nanos now, NodeId from, const Probe& probe);
  void believe(Nanos now, const MemberRumour& rumour);
  void spread(const MemberRumour& rumour);
  void send(NodeId to, Probe probe);

  SwimConfig config_;
  Random random_;
  std::map<NodeId, Belief> beliefs_;  // of the others
  std::uint64_t incarnation_ = 0;     // one's own
  std::vector<NodeId> order_;         // whom to ping next is at the back
  NodeId probed_ = NodeId::none;      // in this period; none: it has answered
  bool helped_ = false;
  std::uint64_t sequence_ = 0;
  std::uint64_t probe_sequence_ = 0;
  Nanos period_start_{0};
  std::map<std::uint64_t, Errand> errands_;
  std::map<NodeId, Spreading> spreading_;
  std::vector<Send> outbox_;
};

}  // namespace assay::reference
