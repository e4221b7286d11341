#pragma once
// Multi-leader replication: every member takes writes for every key, acknowledges them when they
// are on its own disk, and tells the others afterwards. Members that heard the same updates hold
// the same data, in whatever order they heard them (strong eventual consistency); until then they
// differ. Two writes of one key that did not know of each other are a conflict, and either
//   last-writer-wins: the greater Lamport stamp stays and the other write is silently lost, or
//   siblings: both stay, and a read returns both, until a write through a member that holds both
//   replaces them (a client stays with its member, so the member's context stands for its own).
// Sources: Petersen et al., "Flexible update propagation for weakly consistent replication"
// (Bayou), 1997; Thomas, "A majority consensus approach", 1979 (last writer wins); Preguiça et al.,
// "Dotted version vectors", 2012; Shapiro et al., "Conflict-free replicated data types", 2011.
//
// A client stays with its member, which only moves forward: it reads its own writes and never goes
// back in time. Nothing holds between members, not even causality: of two updates of different
// members the effect may come before its cause.

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "targets/reference/protocols/clocks/siblings.h"
#include "targets/reference/protocols/multi_leader/bugs.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/updates/exchange.h"

namespace assay::reference {

enum class ConflictRule : std::uint8_t { last_writer_wins, siblings };

struct MultiLeaderConfig {
  Membership membership;
  ConflictRule conflict = ConflictRule::last_writer_wins;
  std::size_t waiting_max = 10'000;
  Bugs<MultiLeaderBug> bugs;
};

class MultiLeader final : public Protocol {
 public:
  explicit MultiLeader(MultiLeaderConfig config);

  std::string_view name() const override { return "multi-leader"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override { exchange_.tick(now); }
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override { return exchange_.deadline(); }
  StatusReport status() const override;

  /// nil: nobody wrote it; with siblings, a list of the values if there are several.
  Datum read(const Datum& key) const;

 private:
  struct Version {
    LamportStamp stamp;
    Datum value;
  };

  void write(Nanos now, const Command& command);
  void apply_durable();
  void apply(const Update& update);
  bool wins(const LamportStamp& stamp, const LamportStamp& held) const;
  bool has(MultiLeaderBug bug) const { return config_.bugs.on(bug); }

  MultiLeaderConfig config_;
  UpdateExchange exchange_;
  LamportClock clock_;
  std::map<Datum, Version> versions_;
  std::map<Datum, Siblings> siblings_;
  LogIndex applied_ = 0;
  std::map<Dot, RequestId> unwritten_;  // writes of this member's clients that wait for the disk
  std::set<RequestId> waiting_;
  std::vector<Reply> replies_;
};

}  // namespace assay::reference
