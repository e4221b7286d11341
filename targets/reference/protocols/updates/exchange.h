#pragma once
// Keeps the updates of all members on this member's disk and brings every update to every member:
// a new one is sent to all as soon as it is durable, and a digest sent now and then asks for what
// was lost on the way, of whichever member's making. Each member's updates are taken in their
// order, so one version vector says exactly which are known.
// Source: Petersen, Spreitzer, Terry, Theimer and Demers, "Flexible update propagation for weakly
// consistent replication" (Bayou), 1997.

#include <cstdint>
#include <map>
#include <vector>

#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/updates/update.h"

namespace assay::reference {

/// The mistakes that it can be made to repeat.
struct ExchangeBugs {
  bool unsynced = false;   ///< updates count, and are sent, before they are on disk
  bool skips_gap = false;  ///< an update that comes too early hides those before it
};

/// Not thread-safe.
class UpdateExchange {
 public:
  UpdateExchange(const Membership& membership, ExchangeBugs bugs);

  void start(Nanos now, Recovered recovered);
  /// A write of this member's client. Its dot and context are the caller's business no more.
  Dot originate(std::uint64_t clock, const Command& command, VersionVector context);
  void receive(NodeId from, UpdateBatch& message);
  void receive(NodeId from, const UpdateDigest& message);
  void written(WriteToken token) { log_.written(token); }
  void tick(Nanos now);
  Nanos deadline() const { return digest_due_; }

  /// The updates that became durable since the last call, in the order of the log, which keeps each
  /// member's own order. After `start`: what was recovered.
  std::vector<Update> take_durable();
  void flush(Effects& out);

  /// Everything in the log, durable or not.
  const VersionVector& known() const { return known_; }
  LogIndex size() const { return log_.last(); }

 private:
  LogIndex usable() const { return bugs_.unsynced ? log_.last() : log_.durable(); }
  void store(const Update& update);
  void send_to_all(const Message& message);

  NodeId self_;
  std::vector<NodeId> peers_;
  ExchangeBugs bugs_;
  DurableLog log_;
  std::map<NodeId, std::map<std::uint64_t, LogIndex>> places_;  // of each member's updates
  VersionVector known_;
  LogIndex taken_ = 0;
  Nanos digest_due_{0};
  std::vector<Send> outbox_;
};

}  // namespace assay::reference
