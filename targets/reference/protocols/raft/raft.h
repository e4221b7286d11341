#pragma once
// Raft. Sources: Ongaro and Ousterhout, "In search of an understandable consensus algorithm", 2014
// (elections, replication, the commit rule); Ongaro, "Consensus: bridging theory and practice",
// 2014: section 6.2 (a leader that reaches no majority steps down), 6.3 (client sessions), 6.4
// (ReadIndex, leases), 9.6 (PreVote), 10.2.1 (the leader writes its disk in parallel), 3.10
// (leadership transfer), 4 (membership, one server at a time; with the correction in Ongaro, "bug
// in single-server membership changes", raft-dev, 2015), 5 (log compaction).

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/progress.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/raft/bugs.h"
#include "targets/reference/protocols/request_table.h"
#include "targets/reference/protocols/state_machine.h"

namespace assay::reference {

struct RaftConfig {
  NodeId self = NodeId::none;
  std::vector<NodeId> members;  ///< all of them, self included
  Nanos heartbeat = std::chrono::milliseconds(50);
  Nanos election_min = std::chrono::milliseconds(300);
  Nanos election_max = std::chrono::milliseconds(600);
  /// The machine takes the place of the log once so many entries were applied since it last did,
  /// and at least as many as it has objects; 0: never.
  std::size_t snapshot_entries = 200;
  /// Reads are answered without asking while a majority has promised to elect nobody else.
  bool lease_reads = false;
  /// By how many percent a member's clock may gain on another's at most; a lease trusts in that.
  int clock_drift = 10;
  std::size_t batch_entries = batch_entries_max;  ///< of one message to a follower
  /// Writes are answered by the member that the client asked, once it has applied them itself.
  bool answer_when_applied = false;
  RequestLimits requests;
  Bugs<RaftBug> bugs;
};

class Raft final : public Protocol {
 public:
  /// `machine`: what the log is applied to; null: the store (store_machine.h).
  Raft(RaftConfig config, Random random, std::unique_ptr<StateMachine> machine = nullptr);

  std::string_view name() const override { return "raft"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;

  const DurableLog& log() const { return log_; }
  const StateMachine& machine() const { return *machine_; }
  LogIndex commit() const { return commit_; }
  LogIndex applied() const { return applied_; }
  /// Who votes: the latest configuration in the log, committed or not.
  const std::vector<NodeId>& voters() const { return configurations_.back().members; }

 private:
  enum class State : std::uint8_t { follower, pre_candidate, candidate, leader };
  struct Peer {
    Progress progress;
    Nanos last_heard{0};
    std::uint64_t round = 0;  // the latest heartbeat round it answered
  };
  struct Read {
    Command command;
    LogIndex index = 0;       // the read sees at least this much of the log
    std::uint64_t round = 0;  // and is answered once this round is confirmed
  };
  struct Configuration {
    LogIndex index = 0;  // of its entry; 0 or the log's base: older than the log
    std::vector<NodeId> members;
  };
  struct Incoming {
    LogIndex index = 0;
    std::string state;
  };

  // Elections (election.cc).
  void begin_pre_vote(Nanos now);
  void begin_election(Nanos now, bool handed_over = false);
  void become_follower(Nanos now, Term term, NodeId leader);
  void become_leader(Nanos now);
  void ask_for_votes(bool pre, bool handed_over = false);
  bool has_majority(const std::set<NodeId>& members) const;
  void on(Nanos now, NodeId from, const VoteRequest& message);
  void on(Nanos now, NodeId from, const VoteReply& message);
  void draw_election_deadline(Nanos now);
  bool hears_leader(Nanos now) const;
  void check_quorum(Nanos now);

  // Replication (replication.cc).
  void on(Nanos now, NodeId from, AppendRequest& message);
  void on(Nanos now, NodeId from, const AppendReply& message);
  void on(Nanos now, NodeId from, const Heartbeat& message);
  void on(Nanos now, NodeId from, const HeartbeatReply& message);
  bool follow(Nanos now, NodeId from, Term term);
  AppendReply store(AppendRequest& message);
  void advance_commit();
  void apply_to(LogIndex index);
  void send_appends(Nanos now, Effects& out);
  void send_heartbeats(Nanos now);

  // Who belongs to the cluster, and who leads it next (membership.cc).
  LogIndex append(Entry entry);
  void truncate_from(LogIndex index);
  void load_configurations();
  /// False: refused, and answered.
  bool reconfigure(NodeId origin, const Command& command);
  void hand_over(NodeId origin, const Command& command);
  void on(Nanos now, NodeId from, const TimeoutNow& message);
  bool votes(NodeId member) const;
  void leave_if_removed(Nanos now);
  void send_hand_over(Nanos now);

  // Snapshots (snapshots.cc).
  void on(Nanos now, NodeId from, InstallSnapshot& message);
  void on(Nanos now, NodeId from, const InstallSnapshotReply& message);
  void compact_if_due();
  bool install(Snapshot snapshot);

  // Requests (requests.cc).
  void on(Nanos now, NodeId from, const ForwardRequest& message);
  void on(Nanos now, NodeId from, const ForwardReply& message);
  void accept(NodeId origin, const Command& command);
  void answer(NodeId origin, const Reply& reply);
  void serve_reads(Nanos now);
  void hand_over_requests(Nanos now);
  bool holds_lease(Nanos now) const;

  std::size_t majority() const { return voters().size() / 2 + 1; }
  bool has(RaftBug bug) const { return config_.bugs.on(bug); }
  Term term() const { return log_.hard_state().term; }

  RaftConfig config_;
  Random random_;
  DurableLog log_;
  std::unique_ptr<StateMachine> machine_;
  RequestTable requests_;

  State state_ = State::follower;
  NodeId leader_ = NodeId::none;
  Term recovered_term_ = 0;  // terms up to this one may belong to an earlier life
  LogIndex commit_ = 0;
  LogIndex applied_ = 0;
  std::deque<Configuration> configurations_;  // that of the log's base, then those in the log
  Incoming incoming_;
  Nanos started_{0};
  Nanos election_deadline_{0};
  Nanos leader_heard_{0};
  std::set<NodeId> votes_;

  // Of a leader only.
  std::map<NodeId, Peer> peers_;
  LogIndex term_start_ = 0;  // the no-op that opened this term
  Nanos heartbeat_due_{0};
  Nanos quorum_check_due_{0};
  std::uint64_t round_ = 0;
  std::uint64_t confirmed_round_ = 0;
  std::deque<Read> reads_;
  std::deque<std::pair<std::uint64_t, Nanos>> rounds_sent_;  // from the confirmed one on
  NodeId successor_ = NodeId::none;
  Nanos hand_over_until_{0};
  bool asked_to_take_over_ = false;  // somebody was, in this term: leases mean nothing any more
  std::unordered_map<RequestId, NodeId, RequestIdHash> serving_;  // whom to answer
  /// Latest write of each client that this life appended: a repeated forward is not rejected as
  /// "never appended" when the first copy was.
  std::unordered_map<std::uint64_t, std::uint64_t> appended_;
  std::vector<Send> outbox_;
};

}  // namespace assay::reference
