// Raft: the log. Entries go to all followers at once; one is committed when a majority has it on
// disk and it is of the leader's own term.
#include <algorithm>
#include <functional>
#include <utility>

#include "base/assert.h"
#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {

bool Raft::follow(Nanos now, NodeId from, Term message_term) {
  if (message_term < term()) return false;
  // Two leaders of one term cannot be; a host that delivers only what was sent never gets here.
  if (state_ == State::leader && message_term == term()) return false;
  if (message_term > term() || state_ != State::follower || leader_ != from) {
    become_follower(now, message_term, from);
  }
  leader_heard_ = now;
  draw_election_deadline(now);
  return true;
}

void Raft::on(Nanos now, NodeId from, AppendRequest& message) {
  if (!follow(now, from, message.term)) {
    AppendReply refusal;
    refusal.term = term();
    refusal.prev_index = message.prev_index;
    log_.send_when_state_durable(from, refusal);
    return;
  }
  const AppendReply reply = store(message);
  if (!reply.success) {
    log_.send_when_state_durable(from, reply);
    return;
  }
  if (has(RaftBug::acknowledge_before_sync)) {
    outbox_.push_back({from, reply});
  } else {
    log_.send_when_durable(from, reply);
  }
  const LogIndex known = has(RaftBug::commit_past_match) ? log_.last() : reply.match;
  apply_to(std::min(message.commit, known));
}

AppendReply Raft::store(AppendRequest& message) {
  AppendReply reply;
  reply.term = term();
  reply.prev_index = message.prev_index;
  if (message.prev_index > log_.last()) {
    reply.conflict_index = log_.last() + 1;
    return reply;
  }
  const bool compacted = message.prev_index < log_.base();
  if (!compacted && log_.term_at(message.prev_index) != message.prev_term &&
      !has(RaftBug::skip_previous_term_check)) {
    reply.conflict_term = log_.term_at(message.prev_index);
    LogIndex first = message.prev_index;
    while (first > commit_ + 1 && log_.term_at(first - 1) == reply.conflict_term) --first;
    reply.conflict_index = first;
    return reply;
  }
  LogIndex index = message.prev_index;
  for (auto& entry : message.entries) {
    ++index;
    // What is compacted is committed, so it is the same here and there.
    if (index <= log_.base()) continue;
    if (index <= log_.last()) {
      const bool same = log_.term_at(index) == entry.term;
      if (same && !has(RaftBug::truncate_on_repeat)) continue;
      // Members with bugs do what must not be done; they are there to be caught by their answers.
      ASSAY_ASSERT(index > commit_ || config_.bugs.any());
      truncate_from(index);
    }
    append(std::move(entry));
  }
  reply.success = true;
  reply.match = index;
  return reply;
}

void Raft::on(Nanos now, NodeId from, const AppendReply& message) {
  if (message.term > term()) {
    become_follower(now, message.term, NodeId::none);
    return;
  }
  if (state_ != State::leader || message.term < term()) return;
  auto& peer = peers_.at(from);
  peer.last_heard = now;
  peer.progress.on_reply(message, log_, now);
  advance_commit();
}

void Raft::on(Nanos now, NodeId from, const Heartbeat& message) {
  const bool followed = follow(now, from, message.term);
  log_.send_when_state_durable(from, HeartbeatReply{term(), followed ? message.round : 0});
  if (followed) apply_to(std::min(message.commit, log_.last()));
}

void Raft::on(Nanos now, NodeId from, const HeartbeatReply& message) {
  if (message.term > term()) {
    become_follower(now, message.term, NodeId::none);
    return;
  }
  if (state_ != State::leader || message.term < term()) return;
  auto& peer = peers_.at(from);
  peer.last_heard = now;
  peer.round = std::max(peer.round, message.round);
}

void Raft::advance_commit() {
  std::vector<LogIndex> matches;
  if (votes(config_.self)) {
    matches.push_back(has(RaftBug::count_unsynced_self) ? log_.last() : log_.durable());
  }
  for (const auto& [id, peer] : peers_) {
    if (votes(id)) matches.push_back(peer.progress.match());
  }
  std::sort(matches.begin(), matches.end(), std::greater<>());
  const bool too_few = has(RaftBug::commit_by_minority) && majority() > 1;
  const LogIndex index = std::min(matches[majority() - (too_few ? 2 : 1)], log_.last());
  // An entry of an earlier term may still be replaced although a majority has it (figure 8 of the
  // paper); it is committed by committing one of the present term after it.
  const bool any_term = has(RaftBug::commit_earlier_term);
  if (index > commit_ && (log_.term_at(index) == term() || any_term)) apply_to(index);
}

void Raft::apply_to(LogIndex index) {
  commit_ = std::max(commit_, index);
  while (applied_ < std::min(commit_, log_.last())) {
    const Command& command = log_.at(++applied_).command;
    const Reply reply = machine_->apply(command);
    if (command.kind == CommandKind::noop) continue;
    const auto serving = serving_.find(reply.id);
    if (serving != serving_.end()) {
      const NodeId origin = serving->second;
      serving_.erase(serving);
      if (origin != config_.self && !config_.answer_when_applied) answer(origin, reply);
    }
    requests_.finish(reply);
  }
  compact_if_due();
}

void Raft::send_appends(Nanos now, Effects& out) {
  for (auto& [id, peer] : peers_) {
    if (!votes(id)) continue;
    if (peer.progress.needs_snapshot(log_)) {
      if (auto part = peer.progress.next_part(log_, now)) {
        part->term = term();
        out.messages.push_back({id, std::move(*part)});
      }
      continue;
    }
    while (auto request =
               peer.progress.next_request(log_, log_.last(), now, config_.batch_entries)) {
      request->term = term();
      request->commit = commit_;
      out.messages.push_back({id, std::move(*request)});
    }
  }
}

void Raft::send_heartbeats(Nanos now) {
  ++round_;
  rounds_sent_.emplace_back(round_, now);
  heartbeat_due_ = now + config_.heartbeat;
  for (const auto& [id, peer] : peers_) {
    if (!votes(id)) continue;
    // A follower may hold something else behind what is known to agree.
    const LogIndex agreed = has(RaftBug::commit_past_match) ? commit_ : peer.progress.match();
    outbox_.push_back({id, Heartbeat{term(), std::min(commit_, agreed), round_}});
  }
}

}  // namespace assay::reference
