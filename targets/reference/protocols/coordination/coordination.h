#pragma once
// The coordination service: the machine of coordination/machine.h on Raft's log, with sessions that
// end by timeout, reads where the client is, and watches. Any member serves clients.
//
// Guarantees: what changes something is linearizable, whatever the options. Reads are linearizable
// if the leader answers them; local reads are answered by the client's member and are sequential: a
// member answers a write only once it has applied it, and reads only once it has caught up with
// what was committed before it started. Watches are ordered, unique, atomic, reliable and
// resumable. An ephemeral node stays for the session timeout after its owner's last change, as long
// as no clock gains more than the session drift on another's; with timeout zero it stays. A lock is
// therefore held by one client at a time only by the clocks; that its tokens grow, and that a term
// has one leader, depends on none.
//
// Sources: Hunt, Konar, Junqueira and Reed, "ZooKeeper: wait-free coordination for internet-scale
// systems", 2010 (sections 2.3: guarantees, 4.4: sessions; FIFO client order); Burrows, "The Chubby
// lock service for loosely-coupled distributed systems", 2006; etcd's documentation, "KV API
// guarantees".

#include <deque>
#include <memory>

#include "targets/reference/protocols/coordination/machine.h"
#include "targets/reference/protocols/coordination/session_clock.h"
#include "targets/reference/protocols/coordination/watches.h"
#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {

struct CoordinationConfig {
  RaftConfig raft;
  bool local_reads = false;
  /// How long a client's nodes stay after it was last heard; zero: for ever.
  Nanos session_timeout = std::chrono::milliseconds(500);
  int clock_drift = 300;       ///< percent
  std::size_t history = 1000;  ///< revisions whose events are remembered
  Bugs<CoordinationBug> bugs;
};

class Coordination final : public Protocol {
 public:
  Coordination(CoordinationConfig config, const Random& random);

  std::string_view name() const override { return "coordination"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;

  const CoordinationMachine& machine() const { return *machine_; }

 private:
  struct LocalRead {
    Command command;
    Nanos until{0};
  };
  bool has(CoordinationBug bug) const { return config_.bugs.on(bug); }
  static std::unique_ptr<CoordinationMachine> make_machine(const CoordinationConfig& config);
  bool is_local(const Command& command) const;
  /// Something of this member's own, through the log.
  RequestId ask(Nanos now, CommandKind kind, Datum value);
  void catch_up(Nanos now);
  void end_silent_sessions(Nanos now);
  void serve(Nanos now, std::vector<Reply>& out);
  void take_own(Effects& out);

  CoordinationConfig config_;
  /// Of this life: nobody else's requests have this number.
  std::uint64_t identity_;
  std::uint64_t sequence_ = 0;
  CoordinationMachine* machine_;  // the one that raft_ owns
  Raft raft_;
  SessionClock clock_;
  Watches watches_;
  std::deque<LocalRead> reads_;  // until this member has caught up

  bool caught_up_ = false;
  RequestId catching_up_;  // sequence 0: nothing is under way
  RequestId expiring_;
  bool led_ = false;
  Nanos look_due_{0};
};

}  // namespace assay::reference
