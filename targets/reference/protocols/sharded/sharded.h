#pragma once
// Sharded transactions. Every member owns a shard; keys are spread by hash and not replicated.
// Within a shard: strict two-phase locking (Eswaran, Gray, Lorie and Traiger, "The notions of
// consistency and predicate locks in a database system", 1976). Across shards, `commit`:
//   2pc  two-phase commit with presumed abort (Gray, "Notes on data base operating systems", 1978;
//        Mohan, Lindsay and Obermarck, "Transaction management in the R* distributed database
//        management system", 1986). Who voted yes waits, locks held, until it hears the decision:
//        for as long as the coordinator is down.
//   3pc  three-phase commit (Skeen, "Nonblocking commit protocols", 1981). Participants that miss
//        their coordinator decide among themselves. That does not block, and is wrong as soon as
//        the network parts members that are all alive: both sides decide.
//   saga the parts commit one after the other, and are compensated if one fails (saga.cc): nobody
//        waits for anybody, and everybody sees what is half done.
// Or snapshots (Berenson et al., "A critique of ANSI SQL isolation levels", 1995; Peng and Dabek,
// "Large-scale incremental processing using distributed transactions and notifications", 2010):
// reads see the state as of the beginning, and of two that overlap in time and write the same
// object the second one fails. One member's clock orders snapshots and commits (clock.cc).
// Guarantee: with 2pc, strict-serializable or strong snapshot isolation; 3pc the first of them as
// long as nothing but crashes goes wrong; sagas only that in the end all parts are done or none.
//
// The member that a client asks coordinates its transaction. A transaction that touches one shard
// only is committed there by one write. What a member knows of transactions is its log: a marker
// (kind noop, the record's name in `key`) and, where steps belong to it, a command for each.

#include <cstdint>
#include <map>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/sharded/bugs.h"
#include "targets/reference/protocols/sharded/lock_table.h"
#include "targets/reference/protocols/sharded/messages.h"
#include "targets/reference/protocols/sharded/parts.h"
#include "targets/reference/protocols/sharded/versions.h"

namespace assay::reference {

enum class CommitProtocol : std::uint8_t { two_phases, three_phases, saga };

struct ShardedConfig {
  NodeId self = NodeId::none;
  std::vector<NodeId> members;  ///< all of them, self included
  CommitProtocol commit = CommitProtocol::two_phases;
  bool snapshots = false;  ///< instead of locks for what is read; two phases only
  Nanos lock_patience = std::chrono::milliseconds(300);   ///< then a shard votes no: a deadlock?
  Nanos vote_patience = std::chrono::milliseconds(1000);  ///< then the coordinator aborts
  Nanos repeat = std::chrono::milliseconds(200);          ///< what got no answer is said again
  /// 3pc: how long a participant waits for its coordinator before it asks the others.
  Nanos coordinator_patience = std::chrono::milliseconds(700);
  std::size_t waiting_max = 10'000;
  Bugs<ShardedBug> bugs;
};

class Sharded final : public Protocol {
 public:
  explicit Sharded(ShardedConfig config);

  std::string_view name() const override { return "sharded"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;

  /// Transactions that this member voted yes for and does not know the end of.
  std::size_t in_doubt() const;
  Datum read(const Datum& key) const { return store_.read(key, Versions::newest); }

 private:
  /// What a coordinator waits for.
  enum class Stage : std::uint8_t {
    snapshot,   ///< a stamp to read at
    work,       ///< votes
    precommit,  ///< that everybody knows of everybody's yes
    stamp,      ///< a stamp to commit at
    committed,  ///< that everybody has the decision
    undo,       ///< that everybody has compensated
  };
  /// A transaction as its coordinator sees it.
  struct Coordinated {
    Command command;
    Parts parts;
    bool alone = false;
    std::vector<NodeId> participants;
    std::set<NodeId> missing;  ///< whose answers are awaited
    Stage stage = Stage::work;
    std::uint64_t snapshot = 0;
    std::uint64_t stamp = 0;
    std::size_t asked = 0;            ///< saga: of how many participants
    Outcome outcome = Outcome::busy;  ///< saga: why it is undone
    LogIndex record = 0;              ///< of the decision to commit, or a saga's first
    bool announced = false;           ///< that decision is on disk, and the client knows it
    Nanos began{0};
    Nanos said{0};  ///< when it was last told to those that are missing
  };
  /// A transaction as its participant sees it.
  struct Work {
    NodeId coordinator = NodeId::none;
    std::vector<NodeId> participants;
    std::vector<Command> steps;
    std::vector<Datum> results;
    std::uint64_t snapshot = 0;
    bool alone = false;
    bool started = false;  ///< has its locks
    LogIndex record = 0;   ///< that must be on disk before it is answered for; 0: none
    bool answered = false;
    TransactionState state = TransactionState::unknown;
    Nanos since{0};  ///< in this state
    Nanos asked{0};
    std::map<NodeId, TransactionState> heard;  ///< 3pc: from the other participants
  };
  struct Deferred {
    LogIndex needs = 0;
    NodeId to = NodeId::none;
    Message message;
  };

  // Coordinator (coordinator.cc).
  void coordinate(Nanos now, Command command);
  void on(Nanos now, NodeId from, ShardVote& message);
  void on(Nanos now, NodeId from, const ShardAcknowledge& message);
  void on(Nanos now, NodeId from, const ShardInquiry& message);
  void everybody_answered(Nanos now, const RequestId& id);
  void commit(Nanos now, const RequestId& id);
  void end(const RequestId& id, Outcome outcome);
  void tell(Nanos now, const RequestId& id);
  void repeat(Nanos now);
  void announce_durable(Nanos now);
  void on(Nanos now, NodeId from, const ShardClock& message);
  static ShardDecision decision_of(const RequestId& id, const Coordinated& transaction);

  // Sagas (saga.cc).
  bool is_saga(const Coordinated& transaction) const;
  void begin_saga(Nanos now, const RequestId& id);
  void continue_saga(Nanos now, const RequestId& id);
  void undo_saga(Nanos now, const RequestId& id, Outcome outcome);
  void compensate(Nanos now, NodeId from, const RequestId& id);
  void take_back_all(const std::vector<Command>& steps);

  // The clock (clock.cc).
  void on(Nanos now, NodeId from, const ShardClockRequest& message);

  // Participant (participant.cc).
  void on(Nanos now, NodeId from, ShardWork& message);
  void on(Nanos now, NodeId from, const ShardDecision& message);
  void start_granted(Nanos now);
  void carry_out(Nanos now, const RequestId& id, Work& work);
  bool is_overwritten(const Work& work) const;
  Outcome perform_steps(const std::vector<Command>& steps, Versions::Stamp at,
                        std::map<Datum, Datum>& changed, std::vector<Datum>* results) const;
  void answer_durable(Nanos now);
  void vote(const RequestId& id, const Work& work, Outcome outcome, LogIndex after);
  void refuse(Nanos now, const RequestId& id, Outcome outcome);
  void finish(Nanos now, const RequestId& id, TransactionState state, Versions::Stamp stamp = 0);
  void apply(const std::vector<Command>& steps, Versions::Stamp stamp = 0);
  void finish_alone(Nanos now, const RequestId& id);
  SnapshotTimes times_of(const Work& work) const;
  LockSet locks_of(const std::vector<Command>& steps) const;
  void leave(Nanos now, const RequestId& id, TransactionState state);
  bool is_finished(const RequestId& id) const;

  // What participants do without their coordinator (termination.cc).
  void wait_for_decisions(Nanos now);
  void terminate(Nanos now, const RequestId& id);
  void remember(const RequestId& id, TransactionState state);
  void on(Nanos now, NodeId from, const ShardState& message);
  TransactionState state_of(const RequestId& id) const;

  // The log (recovery.cc).
  LogIndex record(const RequestId& id, std::string_view what, Datum value = {},
                  const std::vector<Command>& steps = {});
  void recover(Nanos now);

  void post(NodeId to, Message message) { post_after(0, to, std::move(message)); }
  void post_after(LogIndex needs, NodeId to, Message message);
  void deliver(Nanos now, NodeId from, Message message);
  void settle(Nanos now);
  bool has(ShardedBug bug) const { return config_.bugs.on(bug); }

  ShardedConfig config_;
  DurableLog log_;
  Versions store_;
  LockTable locks_;
  std::map<RequestId, Coordinated> coordinated_;
  std::map<RequestId, Work> works_;
  /// How the latest transactions of each client ended here, by their sequence: a repeated message
  /// does nothing again.
  std::map<std::uint64_t, std::map<std::uint64_t, TransactionState>> finished_;
  /// Sagas: what each client's latest one did here.
  std::map<std::uint64_t, std::pair<std::uint64_t, std::vector<Command>>> undo_;
  std::uint64_t last_stamp_ = 0;  // of the clock
  std::uint64_t reserved_ = 0;    // no later stamp may be given out
  LogIndex reservation_ = 0;      // once this record is on disk
  Nanos next_check_{0};
  std::vector<Deferred> deferred_;
  std::vector<Send> outbox_;
  std::vector<Reply> replies_;
};

}  // namespace assay::reference
