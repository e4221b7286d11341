// Single-leader replication: who is the primary. Without failover, the same member always.
#include <algorithm>

#include "targets/reference/protocols/primary_backup/primary_backup.h"

namespace assay::reference {

void PrimaryBackup::draw_election_deadline(Nanos now) {
  election_deadline_ =
      now + Nanos(random_.between(config_.silence.count(), 2 * config_.silence.count()));
}

bool PrimaryBackup::follow(Nanos now, NodeId from, Term message_term) {
  if (!config_.failover) {
    if (from != config_.primary) return false;
  } else if (has(PrimaryBackupBug::split_brain)) {
    if (leads()) return false;
  } else {
    if (message_term < term() || (leads() && message_term == term())) return false;
  }
  if (primary_ != from || message_term > term()) step_down(now, message_term, from);
  primary_heard_ = now;
  draw_election_deadline(now);
  return true;
}

void PrimaryBackup::step_down(Nanos now, Term new_term, NodeId primary) {
  if (leads() && has(PrimaryBackupBug::split_brain)) return;
  if (config_.failover && new_term > term()) log_.set_hard_state({new_term, NodeId::none});
  if (primary_ != NodeId::none && primary_ != primary) requests_.leader_lost(now);
  if (leads()) {
    // Whoever waits for this primary asks the next one; sessions make that safe.
    serving_.clear();
    reads_.clear();
    locked_.clear();
    blocked_.clear();
    draw_election_deadline(now);
  }
  leads_ = false;
  stands_ = false;
  primary_ = primary;
  agreed_ = 0;
  // As a backup it shows what is on its disk.
  advance();
}

void PrimaryBackup::tick_failover(Nanos now) {
  if (now < election_deadline_) return;
  draw_election_deadline(now);
  if (!leads()) {
    stand_for_election(now);
    return;
  }
  std::size_t heard = 1;
  for (const auto& [id, peer] : peers_) {
    if (now - peer.heard < config_.silence) ++heard;
  }
  if (heard < majority()) step_down(now, term(), NodeId::none);
}

void PrimaryBackup::stand_for_election(Nanos now) {
  if (primary_ != NodeId::none) requests_.leader_lost(now);
  primary_ = NodeId::none;
  log_.set_hard_state({term() + 1, config_.self});
  stands_ = true;
  votes_ = {config_.self};
  if (votes_.size() >= majority()) become_primary(now);
  for (const auto& [id, peer] : peers_) {
    log_.send_when_state_durable(id, VoteRequest{false, term(), log_.last(), log_.last_term()});
  }
}

void PrimaryBackup::become_primary(Nanos now) {
  stands_ = false;
  leads_ = true;
  primary_ = config_.self;
  round_ = 0;
  for (auto& [id, peer] : peers_) {
    peer.progress.reset(log_.last());
    peer.heard = now;
    peer.round = 0;
  }
  // Opens the epoch; reads wait until it has its acknowledgements.
  recovered_ = log_.append({entry_term(), Command{}});
  heartbeat_due_ = now;
  draw_election_deadline(now);
}

void PrimaryBackup::on(Nanos now, NodeId from, const VoteRequest& message) {
  if (!config_.failover) return;
  const bool behind = message.last_term < log_.last_term() ||
                      (message.last_term == log_.last_term() && message.last_index < log_.last());
  const bool heard = primary_ != NodeId::none && now - primary_heard_ < config_.silence;
  VoteReply reply{false, term(), false};
  if (!leads() && !heard) {
    if (message.term > term()) step_down(now, message.term, NodeId::none);
    const NodeId voted_for = log_.hard_state().voted_for;
    reply.term = term();
    reply.granted = message.term == term() && (!behind || has(PrimaryBackupBug::promote_lagging)) &&
                    (voted_for == NodeId::none || voted_for == from);
    if (reply.granted) {
      log_.set_hard_state({term(), from});
      draw_election_deadline(now);
    }
  }
  log_.send_when_state_durable(from, reply);
}

void PrimaryBackup::on(Nanos now, NodeId from, const VoteReply& message) {
  if (!config_.failover) return;
  if (message.term > term()) {
    step_down(now, message.term, NodeId::none);
    return;
  }
  if (!stands_ || !message.granted || message.term != term()) return;
  votes_.insert(from);
  if (votes_.size() >= majority()) become_primary(now);
}

}  // namespace assay::reference
