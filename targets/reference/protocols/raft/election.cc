// Raft: who leads. A member first asks whether it would be elected (PreVote), so that one that was
// cut off does not come back with a high term and depose a working leader.
#include <algorithm>

#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {

void Raft::draw_election_deadline(Nanos now) {
  const auto spread = random_.between(config_.election_min.count(), config_.election_max.count());
  election_deadline_ = now + Nanos(spread);
}

bool Raft::hears_leader(Nanos now) const {
  if (state_ == State::leader) return true;
  // Before it crashed it may have heard one, and promised to elect nobody else for a while.
  if (config_.lease_reads && now - started_ < config_.election_min) return true;
  return leader_ != NodeId::none && now - leader_heard_ < config_.election_min;
}

void Raft::ask_for_votes(bool pre, bool handed_over) {
  const VoteRequest request{pre, pre ? term() + 1 : term(), log_.last(), log_.last_term(),
                            handed_over};
  for (const auto& [id, peer] : peers_) {
    if (votes(id)) log_.send_when_state_durable(id, request);
  }
}

void Raft::begin_pre_vote(Nanos now) {
  if (leader_ != NodeId::none) requests_.leader_lost(now);
  leader_ = NodeId::none;
  state_ = State::pre_candidate;
  votes_ = {config_.self};
  draw_election_deadline(now);
  if (has_majority(votes_)) {
    begin_election(now);
    return;
  }
  ask_for_votes(true);
}

void Raft::begin_election(Nanos now, bool handed_over) {
  if (leader_ != NodeId::none) requests_.leader_lost(now);
  leader_ = NodeId::none;
  log_.set_hard_state({term() + 1, config_.self});
  state_ = State::candidate;
  votes_ = {config_.self};
  draw_election_deadline(now);
  if (has_majority(votes_)) {
    become_leader(now);
    return;
  }
  ask_for_votes(false, handed_over);
}

void Raft::become_follower(Nanos now, Term new_term, NodeId leader) {
  if (new_term > term()) log_.set_hard_state({new_term, NodeId::none});
  if (leader != leader_ && leader_ != NodeId::none) requests_.leader_lost(now);
  if (state_ == State::leader) {
    // Whoever waits for this leader asks the next one; sessions make that safe.
    serving_.clear();
    reads_.clear();
    draw_election_deadline(now);
  }
  state_ = State::follower;
  leader_ = leader;
}

void Raft::become_leader(Nanos now) {
  state_ = State::leader;
  leader_ = config_.self;
  for (auto& [id, peer] : peers_) {
    peer.progress.reset(log_.last());
    peer.last_heard = now;
    peer.round = 0;
  }
  round_ = 0;
  confirmed_round_ = 0;
  rounds_sent_.clear();
  successor_ = NodeId::none;
  asked_to_take_over_ = false;
  term_start_ = append({term(), Command{}});
  heartbeat_due_ = now;
  quorum_check_due_ = now + config_.election_max;
}

void Raft::on(Nanos now, NodeId from, const VoteRequest& message) {
  const bool up_to_date =
      has(RaftBug::vote_ignores_log) || message.last_term > log_.last_term() ||
      (message.last_term == log_.last_term() && message.last_index >= log_.last());
  VoteReply reply{message.pre, term(), false};
  if (!hears_leader(now) || message.handed_over) {
    if (message.pre) {
      reply.granted = message.term > term() && up_to_date;
      if (reply.granted) reply.term = message.term;
    } else {
      if (message.term > term()) become_follower(now, message.term, NodeId::none);
      const NodeId voted_for = log_.hard_state().voted_for;
      const bool free = voted_for == NodeId::none || voted_for == from || has(RaftBug::vote_twice);
      reply.granted = message.term == term() && up_to_date && free;
      reply.term = term();
      if (reply.granted) {
        log_.set_hard_state({term(), from});
        draw_election_deadline(now);
      }
    }
  }
  if (has(RaftBug::vote_not_persisted)) {
    outbox_.push_back({from, reply});
    return;
  }
  log_.send_when_state_durable(from, reply);
}

void Raft::on(Nanos now, NodeId from, const VoteReply& message) {
  if (message.pre && message.granted) {
    if (state_ != State::pre_candidate || message.term != term() + 1) return;
    votes_.insert(from);
    if (has_majority(votes_)) begin_election(now);
    return;
  }
  if (message.term > term()) {
    become_follower(now, message.term, NodeId::none);
    return;
  }
  if (message.pre || !message.granted) return;
  if (state_ != State::candidate || message.term != term()) return;
  votes_.insert(from);
  if (has_majority(votes_)) become_leader(now);
}

void Raft::check_quorum(Nanos now) {
  quorum_check_due_ = now + config_.election_min;
  std::set<NodeId> heard{config_.self};
  for (const auto& [id, peer] : peers_) {
    if (now - peer.last_heard < config_.election_max) heard.insert(id);
  }
  if (!has_majority(heard)) become_follower(now, term(), NodeId::none);
}

}  // namespace assay::reference
