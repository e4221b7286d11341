// Single-leader replication: the log, from the primary's disk to the backups' and into the store.
#include <algorithm>
#include <functional>
#include <vector>

#include "targets/reference/protocols/primary_backup/primary_backup.h"

namespace assay::reference {

void PrimaryBackup::on(Nanos now, NodeId from, AppendRequest& message) {
  AppendReply reply;
  reply.prev_index = message.prev_index;
  const bool followed = follow(now, from, message.term);
  reply.term = term();
  if (followed && store(message, reply)) {
    log_.send_when_durable(from, reply);
  } else if (followed || config_.failover) {
    log_.send_when_state_durable(from, reply);
  }
}

bool PrimaryBackup::store(AppendRequest& message, AppendReply& reply) {
  if (message.prev_index > log_.last()) {
    if (has(PrimaryBackupBug::apply_out_of_order)) {
      for (auto& entry : message.entries) log_.append(std::move(entry));
      reply.success = true;
      reply.match = message.prev_index + message.entries.size();
      return true;
    }
    reply.conflict_index = log_.last() + 1;
    return false;
  }
  if (log_.term_at(message.prev_index) != message.prev_term) {
    reply.conflict_term = log_.term_at(message.prev_index);
    reply.conflict_index = message.prev_index;
    while (reply.conflict_index > 1 &&
           log_.term_at(reply.conflict_index - 1) == reply.conflict_term) {
      --reply.conflict_index;
    }
    return false;
  }
  LogIndex index = message.prev_index;
  for (auto& entry : message.entries) {
    ++index;
    if (index <= log_.last()) {
      if (log_.term_at(index) == entry.term) continue;
      // An old primary had this, and the present one has not: it is lost.
      log_.truncate_from(index);
      if (applied_ >= index) apply_anew(index - 1);
    }
    log_.append(std::move(entry));
  }
  reply.success = true;
  reply.match = index;
  agreed_ = std::max(agreed_, index);
  learn_spread(message.commit);
  return true;
}

void PrimaryBackup::learn_spread(LogIndex told) {
  // What the primary knows of its log holds here as far as the logs are known to agree.
  spread_ = std::max(spread_, std::min(told, agreed_));
}

OwnCopy::Spread PrimaryBackup::spread_of(const Position& position) const {
  if (position.index > log_.last() || log_.term_at(position.index) != position.term) {
    return Spread::lost;
  }
  return position.index <= spread_ ? Spread::majority : Spread::own;
}

void PrimaryBackup::on(Nanos now, NodeId from, const AppendReply& message) {
  if (message.term > term()) step_down(now, message.term, NodeId::none);
  if (!leads() || message.term != term()) return;
  auto& peer = peers_.at(from);
  peer.heard = now;
  peer.progress.on_reply(message, log_, now);
  advance();
}

void PrimaryBackup::on(Nanos now, NodeId from, const Heartbeat& message) {
  const bool followed = follow(now, from, message.term);
  if (followed) learn_spread(message.commit);
  if (!config_.failover) return;
  log_.send_when_state_durable(from, HeartbeatReply{term(), followed ? message.round : 0});
}

void PrimaryBackup::on(Nanos now, NodeId from, const HeartbeatReply& message) {
  if (message.term > term()) step_down(now, message.term, NodeId::none);
  if (!leads() || message.term != term()) return;
  auto& peer = peers_.at(from);
  peer.heard = now;
  peer.round = std::max(peer.round, message.round);
}

LogIndex PrimaryBackup::acknowledged_by(std::size_t backups) const {
  if (backups == 0) return log_.last();
  std::vector<LogIndex> matches;
  for (const auto& [id, peer] : peers_) matches.push_back(peer.progress.match());
  std::sort(matches.begin(), matches.end(), std::greater<>());
  return matches[backups - 1];
}

void PrimaryBackup::advance() {
  LogIndex index = log_.durable();
  if (leads()) {
    const LogIndex spread = std::min(index, acknowledged_by(majority() - 1));
    // As below: an entry of an earlier epoch counts once one of this epoch does.
    if (log_.term_at(spread) == entry_term()) spread_ = std::max(spread_, spread);
    if (has(PrimaryBackupBug::acknowledge_before_sync)) index = log_.last();
    index = std::min(index, acknowledged_by(config_.acknowledgements));
  }
  // An entry of an earlier epoch may still be lost although enough backups have it (figure 8 of the
  // Raft paper); it counts once one of this epoch does.
  if (leads() && index > applied_ && log_.term_at(index) != entry_term()) return;
  apply_to(index);
}

void PrimaryBackup::apply_to(LogIndex index) {
  while (applied_ < index) {
    const Command& command = log_.at(++applied_).command;
    const Reply reply = machine_.apply(command);
    if (!leads()) continue;
    const auto serving = serving_.extract(reply.id);
    if (!serving.empty()) answer(serving.mapped(), reply);
    if (config_.row_locks) unlock(Datum(command.key), applied_);
  }
}

void PrimaryBackup::apply_anew(LogIndex index) {
  machine_ = StoreMachine(!has(PrimaryBackupBug::apply_retry_twice));
  applied_ = 0;
  apply_to(std::min(index, log_.durable()));
}

}  // namespace assay::reference
