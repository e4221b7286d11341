#include "targets/reference/protocols/raft/raft.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/store_machine.h"

namespace assay::reference {

Raft::Raft(RaftConfig config, Random random, std::unique_ptr<StateMachine> machine)
    : config_(std::move(config)),
      random_(random),
      machine_(std::move(machine)),
      requests_(config_.requests) {
  if (machine_ == nullptr) {
    machine_ = std::make_unique<StoreMachine>(!has(RaftBug::apply_retry_twice));
  }
  ASSAY_ASSERT(config_.self != NodeId::none);
  ASSAY_ASSERT(std::count(config_.members.begin(), config_.members.end(), config_.self) == 1);
  for (const NodeId member : config_.members) {
    if (member != config_.self) peers_[member];
  }
  configurations_ = {{0, config_.members}};
}

void Raft::start(Nanos now, Recovered recovered) {
  if (has(RaftBug::term_not_persisted)) {
    recovered.hard_state = {recovered.entries.empty() ? recovered.snapshot.term
                                                      : recovered.entries.back().term};
  }
  if (has(RaftBug::vote_not_persisted)) recovered.hard_state.voted_for = NodeId::none;
  log_.recover(std::move(recovered));
  if (log_.base() > 0) {
    // What this member wrote itself and the disk gave back whole is a machine's state.
    const bool decoded = machine_->decode(log_.snapshot().state);
    ASSAY_ASSERT(decoded);
    commit_ = applied_ = log_.base();
  }
  load_configurations();
  started_ = now;
  recovered_term_ = term();
  draw_election_deadline(now);
}

void Raft::receive(Nanos now, NodeId from, Message message) {
  if (!peers_.contains(from)) return;
  std::visit(
      [&](auto& m) {
        // Messages of other protocols are none of ours.
        if constexpr (requires { on(now, from, m); }) on(now, from, m);
      },
      message);
}

void Raft::request(Nanos now, Command command) {
  const bool read_here = has(RaftBug::follower_read) && !mutates(command);
  if (!read_here) {
    requests_.add(now, std::move(command));
  } else if (requests_.add(now, command)) {
    requests_.finish(machine_->query(command));
  }
}

void Raft::written(Nanos /*now*/, WriteToken token) {
  log_.written(token);
  if (state_ == State::leader) advance_commit();
}

void Raft::tick(Nanos now) {
  if (state_ == State::leader) {
    if (now >= quorum_check_due_) check_quorum(now);
  } else if (now >= election_deadline_) {
    if (votes(config_.self)) {
      begin_pre_vote(now);
    } else {
      become_follower(now, term(), NodeId::none);
      draw_election_deadline(now);
    }
  }
  if (state_ == State::leader && now >= heartbeat_due_) {
    for (auto& [id, peer] : peers_) peer.progress.expire(now, config_.election_min);
    send_heartbeats(now);
  }
  requests_.tick(now, leader_ != NodeId::none);
}

void Raft::flush(Nanos now, Effects& out) {
  hand_over_requests(now);
  serve_reads(now);
  leave_if_removed(now);
  send_hand_over(now);
  if (state_ == State::leader) send_appends(now, out);
  for (auto& send : outbox_) out.messages.push_back(std::move(send));
  outbox_.clear();
  log_.flush(out);
  requests_.take_replies(out.replies);
}

Nanos Raft::deadline() const {
  const Nanos own =
      state_ == State::leader ? std::min(heartbeat_due_, quorum_check_due_) : election_deadline_;
  return std::min(own, requests_.deadline());
}

StatusReport Raft::status() const {
  StatusReport report;
  report.self = config_.self;
  report.role = state_ == State::leader     ? Role::leader
                : state_ == State::follower ? Role::follower
                                            : Role::candidate;
  report.term = term();
  report.leader = leader_;
  report.last = log_.last();
  report.commit = commit_;
  report.applied = applied_;
  report.members = voters();
  report.protocol = name();
  return report;
}

}  // namespace assay::reference
