#pragma once
// Multi-Paxos: one instance of Paxos for each decree of a log, and a distinguished proposer that
// prepares all of them at once. Sources: Lamport, "Paxos made simple", 2001 (section 2: a single
// decree; section 3: the log, no-ops in gaps); van Renesse and Altinbuken, "Paxos made moderately
// complex", 2015 (ballots, competing leaders, commands that are decided twice).
// Guarantee: linearizable. Everything, reads too, goes through the log.
//
// What an acceptor holds is its log: the term of an entry is the ballot in which it was accepted,
// and 0 marks a decree of which it has accepted nothing. The promised ballot is the term of its
// hard state. Membership is fixed and the log is never compacted.

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/paxos/bugs.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/request_table.h"
#include "targets/reference/protocols/store_machine.h"

namespace assay::reference {

struct PaxosConfig {
  NodeId self = NodeId::none;
  std::vector<NodeId> members;  ///< all of them, self included
  Nanos heartbeat = std::chrono::milliseconds(50);
  /// Without a sign of a leader for this long (drawn between the two) a member proposes.
  Nanos silence_min = std::chrono::milliseconds(300);
  Nanos silence_max = std::chrono::milliseconds(600);
  /// Decrees under way at a time: commands beyond it wait.
  std::size_t window = 4096;
  RequestLimits requests;
  Bugs<PaxosBug> bugs;
};

class Paxos final : public Protocol {
 public:
  Paxos(PaxosConfig config, Random random);

  std::string_view name() const override { return "multi-paxos"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;

  /// Accepted decrees: see above.
  const DurableLog& log() const { return log_; }
  const StoreMachine& machine() const { return machine_; }
  LogIndex chosen() const { return chosen_; }

 private:
  enum class State : std::uint8_t { follower, preparing, leader };
  struct Peer {
    Nanos heard{0};
    // Phase 1: decrees below `reported` are known from it; `promised` once all are.
    LogIndex reported = 1;
    bool promised = false;
    // Phase 2: decrees up to `sent` were sent, at `sent_at` last or answered for.
    LogIndex sent = 0;
    Nanos sent_at{0};
    std::size_t in_flight = 0;  ///< messages without an answer: a slow disk is not buried
  };

  // Proposer (proposer.cc).
  void prepare(Nanos now);
  void ask(NodeId peer);
  void on(Nanos now, NodeId from, PaxosPromise& message);
  void adopt(LogIndex index, const Entry& accepted);
  void lead(Nanos now);
  void propose(const Command& command);
  void on(Nanos now, NodeId from, const PaxosAccepted& message);
  void send_accepts(Nanos now, Effects& out);
  void step_back(Nanos now, Term ballot, NodeId leader);
  void check_quorum(Nanos now);
  void draw_silence(Nanos now);
  Term next_ballot() const;

  // Acceptor (acceptor.cc).
  void promise(Term ballot);
  void store(LogIndex first, std::span<Entry> entries);
  bool has_accepted(LogIndex index, const Entry& entry) const;
  void on(Nanos now, NodeId from, const PaxosPrepare& message);
  void on(Nanos now, NodeId from, PaxosAccept& message);
  void answer_acceptor(NodeId to, Message message);

  // Learner (learner.cc).
  void count_votes();
  void on(Nanos now, NodeId from, const Heartbeat& message);
  void on(Nanos now, NodeId from, const HeartbeatReply& message);
  void on(Nanos now, NodeId from, const PaxosLearn& message);
  void on(Nanos now, NodeId from, PaxosChosen& message);
  void learn(LogIndex up_to, Term ballot);
  void perform(LogIndex index);
  void send_heartbeats(Nanos now);

  // Requests (paxos.cc).
  void on(Nanos now, NodeId from, const ForwardRequest& message);
  void on(Nanos now, NodeId from, const ForwardReply& message);
  void hand_over_requests(Nanos now);
  void accept(NodeId origin, const Command& command);
  void answer(NodeId origin, const Reply& reply);

  bool follow(Nanos now, NodeId from, Term ballot);
  std::size_t majority() const { return config_.members.size() / 2 + 1; }
  bool has(PaxosBug bug) const { return config_.bugs.on(bug); }
  Term promised() const { return log_.hard_state().term; }
  /// Nothing below this ballot is taken part in.
  Term highest() const { return std::max(ballot_, promised()); }

  PaxosConfig config_;
  Random random_;
  DurableLog log_;
  StoreMachine machine_;
  RequestTable requests_;

  State state_ = State::follower;
  NodeId leader_ = NodeId::none;
  Term ballot_ = 0;         // the one this member proposes in, or the leader's that it follows
  Term seen_ = 0;           // the highest of all
  Term recovered_ = 0;      // ballots up to this one may belong to an earlier life
  LogIndex chosen_ = 0;     // all decrees up to here are chosen
  LogIndex performed_ = 0;  // and applied
  Nanos silence_deadline_{0};
  int defeats_ = 0;  // in a row: how long to let others try

  // Of a proposer only.
  std::map<NodeId, Peer> peers_;
  std::map<LogIndex, Entry> adopted_;           // phase 1: of each decree the highest accepted
  std::map<LogIndex, std::set<NodeId>> votes_;  // phase 2: who else accepted, by unchosen decree
  Nanos heartbeat_due_{0};
  Nanos quorum_due_{0};
  std::unordered_map<RequestId, NodeId, RequestIdHash> serving_;  // whom to answer
  /// Latest request of each client that this life proposed.
  std::unordered_map<std::uint64_t, std::uint64_t> proposed_;
  std::vector<Command> waiting_;  // for a place in the window
  std::vector<Send> outbox_;
};

}  // namespace assay::reference
