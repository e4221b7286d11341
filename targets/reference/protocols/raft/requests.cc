// Raft: client requests. Any member takes them and hands them to the leader; the leader appends
// writes, and answers reads once a round of heartbeats, sent after the read came, has confirmed
// that it still leads.
#include <algorithm>
#include <functional>
#include <utility>

#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {

void Raft::hand_over_requests(Nanos now) {
  if (leader_ == NodeId::none) return;
  for (auto& command : requests_.hand_over(now, leader_, term())) {
    if (state_ == State::leader) {
      accept(config_.self, command);
    } else {
      outbox_.push_back({leader_, ForwardRequest{term(), std::move(command)}});
    }
  }
}

void Raft::accept(NodeId origin, const Command& command) {
  const auto [serving, fresh] = serving_.try_emplace(command.id, origin);
  if (!fresh) {
    serving->second = origin;
    return;
  }
  if (command.kind == CommandKind::hand_over) {
    serving_.erase(serving);
    hand_over(origin, command);
    return;
  }
  if (!mutates(command)) {
    const bool at_once = has(RaftBug::unconfirmed_read);
    const LogIndex seen = has(RaftBug::read_before_noop) ? commit_ : std::max(commit_, term_start_);
    reads_.push_back({command, seen, at_once ? 0 : round_ + 1});
    return;
  }
  if (command.kind == CommandKind::reconfigure && !reconfigure(origin, command)) return;
  auto& latest = appended_[command.id.client];
  latest = std::max(latest, command.id.sequence);
  append({term(), command});
}

void Raft::answer(NodeId origin, const Reply& reply) {
  if (origin == config_.self) {
    requests_.finish(reply);
  } else {
    outbox_.push_back({origin, ForwardReply{term(), false, reply}});
  }
}

void Raft::on(Nanos /*now*/, NodeId from, const ForwardRequest& message) {
  if (state_ == State::leader && message.term == term()) {
    accept(from, message.command);
    return;
  }
  // "Never appended" may be said only if no other copy of this request can have been appended
  // here, in that term, by this life or an earlier one.
  Reply reply{message.command.id, Outcome::no_leader, {}};
  if (mutates(message.command)) {
    const auto latest = appended_.find(message.command.id.client);
    const bool appended =
        latest != appended_.end() && latest->second >= message.command.id.sequence;
    if ((appended || message.term <= recovered_term_ || message.term > term()) &&
        !has(RaftBug::doubt_as_failure)) {
      reply.outcome = Outcome::in_doubt;
    }
  }
  outbox_.push_back({from, ForwardReply{message.term, true, reply}});
}

void Raft::on(Nanos now, NodeId from, const ForwardReply& message) {
  const Reply& reply = message.reply;
  if (!message.rejected) {
    requests_.finish(reply);
    return;
  }
  if (reply.outcome == Outcome::no_leader) {
    requests_.rejected(reply.id, from, message.term);
  } else {
    requests_.undecided(reply.id, from, message.term);
  }
  // It says that it does not lead; wait until a leader makes itself heard.
  if (leader_ == from && message.term == term()) become_follower(now, term(), NodeId::none);
}

void Raft::serve_reads(Nanos now) {
  if (state_ != State::leader) return;
  std::vector<std::uint64_t> rounds;
  if (votes(config_.self)) rounds.push_back(round_);
  for (const auto& [id, peer] : peers_) {
    if (votes(id)) rounds.push_back(peer.round);
  }
  std::sort(rounds.begin(), rounds.end(), std::greater<>());
  confirmed_round_ = std::max(confirmed_round_, rounds[majority() - 1]);
  while (!rounds_sent_.empty() && rounds_sent_.front().first < confirmed_round_) {
    rounds_sent_.pop_front();
  }
  const bool leased = holds_lease(now);
  while (!reads_.empty()) {
    const Read& read = reads_.front();
    if ((read.round > confirmed_round_ && !leased) || read.index > applied_) break;
    const auto serving = serving_.find(read.command.id);
    if (serving != serving_.end()) {
      answer(serving->second, machine_->query(read.command));
      serving_.erase(serving);
    }
    reads_.pop_front();
  }
  // One round at a time: reads that come while it is under way share the next.
  const bool waiting = !reads_.empty() && reads_.back().round > round_;
  if (!waiting || confirmed_round_ != round_) return;
  send_heartbeats(now);
  if (majority() == 1) serve_reads(now);
}

/// A majority has heard a heartbeat that was sent at a time that is known here, and elects nobody
/// else for the shortest election timeout after that, on clocks that may be faster than this one.
bool Raft::holds_lease(Nanos now) const {
  const bool unbounded = has(RaftBug::lease_without_bound);
  if (!config_.lease_reads || asked_to_take_over_) return false;
  if (rounds_sent_.empty() || rounds_sent_.front().first != confirmed_round_) return false;
  constexpr int percent = 100;
  const Nanos length = unbounded ? config_.election_min
                                 : config_.election_min * percent / (percent + config_.clock_drift);
  return now - rounds_sent_.front().second < length;
}

}  // namespace assay::reference
