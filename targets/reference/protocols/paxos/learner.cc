// Multi-Paxos: the learner. A decree is chosen once a majority has accepted it in one ballot; the
// leader counts and tells the others how far it got. Decrees are performed in the order of the log.
#include <algorithm>
#include <iterator>
#include <utility>

#include "targets/reference/protocols/paxos/paxos.h"

namespace assay::reference {

void Paxos::count_votes() {
  if (state_ != State::leader) return;
  const std::size_t enough = majority() - (has(PaxosBug::learn_from_minority) ? 1 : 0);
  const auto is_chosen = [&](LogIndex index, const std::set<NodeId>& voters) {
    return voters.size() + (index <= log_.durable() ? 1 : 0) >= std::max<std::size_t>(enough, 1);
  };
  while (!votes_.empty()) {
    const auto first = votes_.begin();
    if (is_chosen(first->first, first->second)) {
      const LogIndex index = first->first;
      votes_.erase(first);
      perform(index);
      continue;
    }
    const auto second = std::next(first);
    if (!has(PaxosBug::skip_gaps) || second == votes_.end() ||
        !is_chosen(second->first, second->second)) {
      return;
    }
    // The bug: a decree that is chosen later than its successor is taken for a no-op.
    chosen_ = std::max(chosen_, first->first);
    performed_ = chosen_;
    votes_.erase(first);
  }
}

void Paxos::perform(LogIndex index) {
  chosen_ = std::max(chosen_, index);
  while (performed_ < std::min(chosen_, log_.last())) {
    const Command& command = log_.at(++performed_).command;
    if (command.kind == CommandKind::noop) continue;
    const Reply reply = machine_.apply(command);
    const auto serving = serving_.find(reply.id);
    if (serving != serving_.end()) {
      const NodeId origin = serving->second;
      serving_.erase(serving);
      if (origin != config_.self) answer(origin, reply);
    }
    requests_.finish(reply);
  }
}

void Paxos::send_heartbeats(Nanos now) {
  heartbeat_due_ = now + config_.heartbeat;
  for (const auto& [id, peer] : peers_) outbox_.push_back({id, Heartbeat{ballot_, chosen_, 0}});
}

void Paxos::on(Nanos now, NodeId from, const Heartbeat& message) {
  if (!follow(now, from, message.term)) {
    answer_acceptor(from, HeartbeatReply{highest(), 0});
    return;
  }
  answer_acceptor(from, HeartbeatReply{message.term, 0});
  learn(message.commit, message.term);
  if (chosen_ < message.commit) outbox_.push_back({from, PaxosLearn{chosen_ + 1}});
}

/// A leader proposes one command a decree in its ballot, so what was accepted in that ballot is
/// what was chosen; of anything accepted earlier that is not known.
void Paxos::learn(LogIndex up_to, Term ballot) {
  while (chosen_ < std::min(up_to, log_.last())) {
    const LogIndex next = chosen_ + 1;
    if (log_.at(next).term == ballot) {
      perform(next);
    } else if (has(PaxosBug::skip_gaps) && log_.at(next).term == 0) {
      chosen_ = next;
      performed_ = next;
    } else {
      return;
    }
  }
}

void Paxos::on(Nanos now, NodeId from, const HeartbeatReply& message) {
  seen_ = std::max(seen_, message.term);
  if (state_ != State::leader) return;
  if (message.term > ballot_) {
    step_back(now, message.term, NodeId::none);
    return;
  }
  if (message.term == ballot_) peers_.at(from).heard = now;
}

void Paxos::on(Nanos /*now*/, NodeId from, const PaxosLearn& message) {
  if (message.first > chosen_) return;
  outbox_.push_back(
      {from, PaxosChosen{message.first, log_.batch(message.first, chosen_, batch_entries_max)}});
}

void Paxos::on(Nanos /*now*/, NodeId from, PaxosChosen& message) {
  if (state_ == State::leader) return;
  const LogIndex before = chosen_;
  if (message.first > chosen_ + 1) return;
  const LogIndex last = message.first + message.entries.size() - 1;
  store(message.first, message.entries);
  if (last > chosen_) perform(last);
  // There may be more. What taught nothing was a repetition, and is not asked for again.
  if (chosen_ > before) outbox_.push_back({from, PaxosLearn{chosen_ + 1}});
}

}  // namespace assay::reference
