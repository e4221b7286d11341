// Raft: snapshots. Each member replaces the log that it has applied by its machine; a follower that
// needs entries that the leader no longer has gets the leader's snapshot.
#include <algorithm>
#include <utility>

#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {

void Raft::compact_if_due() {
  // Members with bugs may have cut off what they had applied.
  if (applied_ > log_.last()) return;
  const LogIndex grown = applied_ - log_.base();
  const LogIndex enough = std::max<LogIndex>(config_.snapshot_entries, machine_->size());
  if (config_.snapshot_entries == 0 || grown < enough) return;
  // A follower that is only a little behind is better served from the log.
  const auto behind = [this](const auto& peer) {
    return votes(peer.first) && peer.second.progress.match() < applied_;
  };
  const bool patient = state_ == State::leader && grown < 2 * enough;
  if (patient && std::any_of(peers_.begin(), peers_.end(), behind)) return;
  while (configurations_.size() > 1 && configurations_[1].index <= applied_) {
    configurations_.pop_front();
  }
  Snapshot snapshot{applied_, log_.term_at(applied_), configurations_.front().members,
                    machine_->encode(!has(RaftBug::snapshot_without_sessions))};
  if (has(RaftBug::snapshot_without_members)) snapshot.members.clear();
  log_.compact(std::move(snapshot));
}

bool Raft::install(Snapshot snapshot) {
  if (!machine_->decode(snapshot.state)) return false;
  commit_ = applied_ = snapshot.index;
  log_.compact(std::move(snapshot));
  load_configurations();
  return true;
}

void Raft::on(Nanos now, NodeId from, InstallSnapshot& message) {
  InstallSnapshotReply reply{term(), message.index, 0, false};
  if (!follow(now, from, message.term)) {
    log_.send_when_state_durable(from, reply);
    return;
  }
  reply.term = term();
  if (message.index <= commit_) {
    // Late, or sent twice. What is committed agrees with every leader's log.
    reply.installed = true;
    log_.send_when_durable(from, reply);
    return;
  }
  if (message.offset == 0) incoming_ = {message.index, {}};
  const bool next = incoming_.index == message.index && incoming_.state.size() == message.offset;
  if (next) incoming_.state += message.bytes;
  if (incoming_.index == message.index) reply.received = incoming_.state.size();
  if (next && message.last) {
    Incoming whole = std::exchange(incoming_, {});
    reply.installed = install(
        {message.index, message.index_term, std::move(message.members), std::move(whole.state)});
    if (!reply.installed) reply.received = 0;
  }
  log_.send_when_durable(from, reply);
}

void Raft::on(Nanos now, NodeId from, const InstallSnapshotReply& message) {
  if (message.term > term()) {
    become_follower(now, message.term, NodeId::none);
    return;
  }
  if (state_ != State::leader || message.term < term()) return;
  auto& peer = peers_.at(from);
  peer.last_heard = now;
  peer.progress.on_reply(message, now);
  advance_commit();
}

}  // namespace assay::reference
