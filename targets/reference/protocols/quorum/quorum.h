#pragma once
// Leaderless replication with quorums: the member that a client asks coordinates. It reads from R
// and writes to W of a key's N replicas; the version with the greatest Lamport stamp wins. A write
// first asks R replicas for the newest stamp and takes a greater one.
//
// With R + W > N a read meets every write that was acknowledged before it, and yet this is not
// linearizable: while a write is on its way one reader may meet it and a later one may not. If a
// read writes back what it found before it answers (`write_back`), it is. Replicas that missed a
// write get it by read repair, by hinted handoff (the coordinator, or with sloppy quorums whoever
// stands in, keeps it for them) and by anti-entropy, so that all converge.
// Sources: Gifford, "Weighted voting for replicated data", 1979; Attiya, Bar-Noy and Dolev,
// "Sharing memory robustly in message-passing systems", 1995; Lynch and Shvartsman, "Robust
// emulation of shared memory using dynamic quorum-acknowledged broadcasts", 1997 (several writers);
// DeCandia et al., "Dynamo", 2007.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/random.h"
#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/quorum/bugs.h"
#include "targets/reference/protocols/quorum/ring.h"

namespace assay::reference {

/// What a read does with replicas whose version is older than the one that it returns.
enum class ReadRepair : std::uint8_t { none, repair, write_back };

struct QuorumConfig {
  Membership membership;
  std::size_t replicas = 3;      ///< N
  std::size_t read_quorum = 2;   ///< R
  std::size_t write_quorum = 2;  ///< W
  ReadRepair read = ReadRepair::repair;
  bool sloppy = false;  ///< members beyond the N stand in for replicas that do not answer
  Nanos resend = std::chrono::milliseconds(150);
  Nanos patience = std::chrono::milliseconds(250);  ///< then others stand in, or a hint is kept
  Nanos give_up = std::chrono::milliseconds(1500);
  std::size_t waiting_max = 10'000;
  Bugs<QuorumBug> bugs;
};

class Quorum final : public Protocol {
 public:
  Quorum(QuorumConfig config, Random random);

  std::string_view name() const override { return "quorum"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;

  /// What is on this member's disk.
  StampedValue version(const Datum& key) const;
  /// Versions kept for members that could not be reached.
  std::size_t hints() const { return hints_.size(); }

 private:
  enum class Phase : std::uint8_t { query, update };
  struct Operation {
    Command command;
    std::vector<NodeId> preference;
    Phase phase = Phase::query;
    bool answered = false;  // to the client; replicas may lack it still
    bool widened = false;
    Nanos started{0};
    Nanos phase_started{0};
    Nanos sent{0};
    std::map<NodeId, StampedValue> answers;
    StampedValue version;  // update: what is written
    std::set<NodeId> acknowledged;
  };
  using Operations = std::map<std::uint64_t, Operation>;
  struct HintKey {
    NodeId meant_for = NodeId::none;
    Datum key;
    bool operator<(const HintKey& other) const {
      if (meant_for != other.meant_for) return meant_for < other.meant_for;
      return key < other.key;
    }
  };
  struct Hint {
    std::uint64_t number = 0;  // as that of an operation: its delivery is acknowledged by it
    StampedValue version;
  };

  // Coordinating (coordinator.cc).
  void send_phase(Nanos now, std::uint64_t number, Operation& operation);
  void on_answer(Nanos now, NodeId from, const QuorumReadReply& message);
  void on_acknowledged(Nanos now, NodeId from, const QuorumWriteReply& message);
  void advance(Nanos now, std::uint64_t number);
  void end_query(Nanos now, std::uint64_t number, Operation& operation);
  void begin_update(Nanos now, std::uint64_t number, Operation& operation, StampedValue version);
  void repair(const Operation& operation, const StampedValue& newest);
  void tick_operations(Nanos now);
  bool is_home(const Operation& operation, NodeId member) const;
  bool may_stand_in(const Operation& operation, NodeId member) const;
  std::size_t write_quorum() const;
  void reply(Operation& operation, Outcome outcome, Datum value);

  // Holding data (replica.cc).
  void store(Nanos now, NodeId from, const QuorumWrite& message);
  void answer(NodeId from, const QuorumRead& message);
  void take_durable(Nanos now);
  void apply(LogIndex index);
  void keep_hint(NodeId meant_for, const Datum& key, const StampedValue& version);
  void deliver_hints();
  void send_digests();
  void on_digest(NodeId from, const QuorumDigest& message);

  void send(NodeId to, Message message);
  bool has(QuorumBug bug) const { return config_.bugs.on(bug); }
  NodeId self() const { return config_.membership.self; }

  QuorumConfig config_;
  Ring ring_;
  DurableLog log_;
  LamportClock clock_;
  Operations operations_;
  std::uint64_t next_operation_;
  std::map<RequestId, std::uint64_t> waiting_;

  std::map<Datum, StampedValue> versions_;  // durable
  std::map<Datum, LamportStamp> logged_;    // the newest in the log, durable or not
  LogIndex applied_ = 0;
  std::set<LogIndex> forced_;  // entries that do not care what they overwrite: a bug
  std::deque<std::pair<LogIndex, std::uint64_t>> own_writes_;  // operations that wait for our disk
  std::map<HintKey, Hint> hints_;
  std::map<std::uint64_t, HintKey> hint_keys_;  // by number
  Nanos background_due_{0};
  std::uint32_t bucket_ = 0;

  std::deque<std::pair<NodeId, Message>> to_self_;
  std::vector<Send> outbox_;
  std::vector<Reply> replies_;
};

}  // namespace assay::reference
