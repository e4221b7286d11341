#pragma once
// Single-leader replication as databases have long done it: a primary appends every write to its
// log and ships the log to the backups, which apply it in order. How many backups must have a write
// on disk before it is acknowledged, who answers reads, and whether a backup takes over when the
// primary is lost, are settings; the weaker ones lose or reorder what clients saw, on purpose.
//
// Failover: a backup that has not heard the primary for a while asks for votes, and one whose log
// is not behind that of a majority becomes the primary of a new epoch. What the old primary had not
// brought to a majority may be lost, and that includes, with async and semi-sync of too few, writes
// that it had acknowledged. A primary that reaches no majority steps down.
// Sources: Oki and Liskov, "Viewstamped replication", 1988 (views, the most advanced takes over);
// Ongaro and Ousterhout 2014 (epochs in the log, which tell what must be cut off); Terry et al.,
// "Session guarantees for weakly consistent replicated data", 1994 (routing of reads).

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/primary_backup/bugs.h"
#include "targets/reference/protocols/progress.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/request_table.h"
#include "targets/reference/protocols/store_machine.h"

namespace assay::reference {

enum class ReadFrom : std::uint8_t {
  leader,
  any,               ///< the client's own member
  replica,           ///< a member drawn each time, as by a balancer
  read_your_writes,  ///< likewise, but one that has the session's writes
  monotonic,         ///< likewise, but one that has what the session has written and read
};

struct PrimaryBackupConfig {
  NodeId self = NodeId::none;
  std::vector<NodeId> members;  ///< all of them, self included
  NodeId primary{1};            ///< without failover
  bool failover = false;
  /// Backups that must have a write on disk before it is acknowledged. 0: asynchronous; all of
  /// them: synchronous.
  std::size_t acknowledgements = 0;
  ReadFrom read_from = ReadFrom::leader;
  /// A row is locked from a write of it until its acknowledgement: whoever reads or writes it
  /// waits.
  bool row_locks = false;
  Nanos heartbeat = std::chrono::milliseconds(50);
  Nanos silence = std::chrono::milliseconds(600);   ///< after which a backup has no primary
  Nanos patience = std::chrono::milliseconds(300);  ///< then another replica is asked
  RequestLimits requests;
  Bugs<PrimaryBackupBug> bugs;
};

class PrimaryBackup final : public Protocol, public OwnCopy {
 public:
  explicit PrimaryBackup(PrimaryBackupConfig config, Random random = Random(0));

  std::string_view name() const override { return "primary-backup"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;

  const OwnCopy* own_copy() const override { return this; }
  Reply query(const Command& command) const override { return machine_.query(command); }
  Position applied() const override { return {log_.term_at(applied_), applied_}; }
  Spread spread_of(const Position& position) const override;

  const DurableLog& log() const { return log_; }
  const StoreMachine& machine() const { return machine_; }

 private:
  struct Peer {
    Progress progress;
    Nanos heard{0};
    std::uint64_t round = 0;  // the latest heartbeat round it answered
  };
  struct Read {
    Command command;
    NodeId origin = NodeId::none;
    LogIndex index = 0;       // it sees at least this much of the log
    std::uint64_t round = 0;  // and is answered once this round is confirmed
  };
  struct Blocked {
    Command command;
    NodeId origin = NodeId::none;
  };
  struct Session {
    RequestId last_write;
    LogIndex seen = 0;
  };
  /// A read that some replica answers, as its client's member sees it; and as the replica does.
  struct RoutedRead {
    Command command;
    Nanos arrived{0};
    Nanos asked{0};
  };
  struct Visit {
    NodeId from = NodeId::none;
    ReplicaRead read;
  };

  // The log (replication.cc).
  void on(Nanos now, NodeId from, AppendRequest& message);
  void on(Nanos now, NodeId from, const AppendReply& message);
  void on(Nanos now, NodeId from, const Heartbeat& message);
  void on(Nanos now, NodeId from, const HeartbeatReply& message);
  bool store(AppendRequest& message, AppendReply& reply);
  void advance();
  LogIndex acknowledged_by(std::size_t backups) const;
  void learn_spread(LogIndex told);
  void apply_to(LogIndex index);
  void apply_anew(LogIndex index);

  // Who is the primary (failover.cc).
  void on(Nanos now, NodeId from, const VoteRequest& message);
  void on(Nanos now, NodeId from, const VoteReply& message);
  bool follow(Nanos now, NodeId from, Term message_term);
  void step_down(Nanos now, Term new_term, NodeId primary);
  void stand_for_election(Nanos now);
  void become_primary(Nanos now);
  void tick_failover(Nanos now);
  void draw_election_deadline(Nanos now);

  // Requests (primary_backup.cc) and where reads go (routing.cc).
  void on(Nanos now, NodeId from, const ForwardRequest& message);
  void on(Nanos now, NodeId from, const ForwardReply& message);
  void on(Nanos now, NodeId from, ReplicaRead& message);
  void on(Nanos now, NodeId from, const ReplicaReadReply& message);
  void accept(NodeId origin, const Command& command);
  void answer(NodeId origin, const Reply& reply);
  void finish(const Reply& reply);
  void serve_reads(Nanos now);
  Reply answer_of(const Command& command) const;
  void send_heartbeats(Nanos now);
  void unlock(const Datum& key, LogIndex index);
  void route(Nanos now, Command command);
  void ask(Nanos now, RoutedRead& read);
  void serve_visits();
  void tick_routed(Nanos now);

  bool has(PrimaryBackupBug bug) const { return config_.bugs.on(bug); }
  bool leads() const { return leads_; }
  std::size_t majority() const { return config_.members.size() / 2 + 1; }
  Term term() const;
  Term entry_term() const;

  PrimaryBackupConfig config_;
  Random random_;
  DurableLog log_;
  StoreMachine machine_;
  RequestTable requests_;
  std::map<NodeId, Peer> peers_;
  LogIndex recovered_ = 0;  // the primary answers no read before it has applied up to here
  LogIndex applied_ = 0;
  LogIndex spread_ = 0;  // a majority has the log up to here, as far as is known
  LogIndex agreed_ = 0;  // backup: the log is the present primary's up to here
  Nanos heartbeat_due_{0};
  NodeId primary_ = NodeId::none;  // none: not known
  Nanos primary_heard_{0};
  bool leads_ = false;
  std::uint64_t round_ = 0;
  std::deque<Read> reads_;
  std::unordered_map<RequestId, NodeId, RequestIdHash> serving_;
  std::vector<Send> outbox_;

  // Failover only.
  Nanos election_deadline_{0};
  std::set<NodeId> votes_;
  bool stands_ = false;

  // Row locks only: the write that holds each locked row, and who waits for it.
  std::map<Datum, LogIndex> locked_;
  std::map<Datum, std::deque<Blocked>> blocked_;

  // Routed reads only.
  std::map<std::uint64_t, Session> sessions_;
  Session forgotten_;  // what any session of this member may have seen before it started
  bool base_known_ = false;
  std::map<RequestId, RoutedRead> routed_;
  std::deque<Visit> visits_;
  std::vector<Reply> replies_;
};

}  // namespace assay::reference
