#pragma once
// Single-leader replication as databases have long done it: one fixed primary appends every write
// to its log and ships the log to the backups, which apply it in order. How many backups must have
// a write on disk before it is acknowledged, and who may answer reads, are settings; the weaker
// ones lose or reorder what clients saw, on purpose. There is no failover.

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "targets/reference/protocols/durable_log.h"
#include "targets/reference/protocols/primary_backup/bugs.h"
#include "targets/reference/protocols/progress.h"
#include "targets/reference/protocols/protocol.h"
#include "targets/reference/protocols/request_table.h"
#include "targets/reference/protocols/store_machine.h"

namespace assay::reference {

enum class ReadFrom : std::uint8_t { leader, any };

struct PrimaryBackupConfig {
  NodeId self = NodeId::none;
  std::vector<NodeId> members;  ///< all of them, self included
  NodeId primary{1};
  /// Backups that must have a write on disk before it is acknowledged. 0: asynchronous; all of
  /// them: synchronous.
  std::size_t acknowledgements = 0;
  ReadFrom read_from = ReadFrom::leader;
  Nanos heartbeat = std::chrono::milliseconds(50);
  Nanos silence = std::chrono::milliseconds(600);  ///< after which a backup has no primary
  RequestLimits requests;
  Bugs<PrimaryBackupBug> bugs;
};

class PrimaryBackup final : public Protocol {
 public:
  explicit PrimaryBackup(PrimaryBackupConfig config);

  std::string_view name() const override { return "primary-backup"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void request(Nanos now, Command command) override;
  void written(Nanos now, WriteToken token) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override;
  StatusReport status() const override;

  const DurableLog& log() const { return log_; }
  const StoreMachine& machine() const { return machine_; }

 private:
  struct Read {
    Command command;
    NodeId origin = NodeId::none;
  };

  void on(Nanos now, NodeId from, AppendRequest& message);
  void on(Nanos now, NodeId from, const AppendReply& message);
  void on(Nanos now, NodeId from, const Heartbeat& message);
  void on(Nanos now, NodeId from, const ForwardRequest& message);
  void on(Nanos now, NodeId from, const ForwardReply& message);

  bool has(PrimaryBackupBug bug) const { return config_.bugs.on(bug); }
  bool leads() const { return config_.self == config_.primary; }
  void hear_primary(Nanos now);
  void accept(NodeId origin, const Command& command);
  void answer(NodeId origin, const Reply& reply);
  void advance();
  void apply_to(LogIndex index);
  void serve_reads();
  Reply answer_of(const Command& command) const;

  PrimaryBackupConfig config_;
  DurableLog log_;
  StoreMachine machine_;
  RequestTable requests_;
  std::map<NodeId, Progress> peers_;
  LogIndex recovered_ = 0;  // the primary answers no read before it has applied up to here
  LogIndex applied_ = 0;
  Nanos heartbeat_due_{0};
  Nanos primary_heard_{0};
  bool primary_known_ = false;
  std::vector<Read> reads_;
  std::unordered_map<RequestId, NodeId, RequestIdHash> serving_;
  std::vector<Send> outbox_;
};

}  // namespace assay::reference
