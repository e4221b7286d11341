#include "targets/reference/protocols/paxos/paxos.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "targets/reference/protocols/commands.h"

namespace assay::reference {

Paxos::Paxos(PaxosConfig config, Random random)
    : config_(std::move(config)),
      random_(random),
      machine_(!has(PaxosBug::perform_twice)),
      requests_(config_.requests) {
  ASSAY_ASSERT(std::count(config_.members.begin(), config_.members.end(), config_.self) == 1);
  for (const NodeId member : config_.members) {
    if (member != config_.self) peers_[member];
  }
}

void Paxos::start(Nanos now, Recovered recovered) {
  if (has(PaxosBug::promise_not_persisted)) recovered.hard_state = {};
  log_.recover(std::move(recovered));
  recovered_ = promised();
  for (const Entry& entry : log_.entries()) recovered_ = std::max(recovered_, entry.term);
  // The bug forgets the ballots that were its own; others are known from what was accepted.
  seen_ = has(PaxosBug::ballot_not_persisted) ? 0 : recovered_;
  draw_silence(now);
}

void Paxos::receive(Nanos now, NodeId from, Message message) {
  if (!peers_.contains(from)) return;
  std::visit(
      [&](auto& m) {
        // Messages of other protocols are none of ours.
        if constexpr (requires { on(now, from, m); }) on(now, from, m);
      },
      message);
}

void Paxos::request(Nanos now, Command command) { requests_.add(now, std::move(command)); }

void Paxos::written(Nanos /*now*/, WriteToken token) {
  log_.written(token);
  count_votes();
}

void Paxos::tick(Nanos now) {
  if (state_ == State::leader) {
    if (now >= quorum_due_) check_quorum(now);
  } else if (now >= silence_deadline_) {
    prepare(now);
  }
  if (state_ == State::leader && now >= heartbeat_due_) send_heartbeats(now);
  requests_.tick(now, leader_ != NodeId::none);
}

void Paxos::flush(Nanos now, Effects& out) {
  hand_over_requests(now);
  if (state_ == State::leader) {
    std::vector<Command> waiting = std::exchange(waiting_, {});
    for (Command& command : waiting) {
      if (votes_.size() < config_.window) {
        propose(command);
      } else {
        waiting_.push_back(std::move(command));
      }
    }
    send_accepts(now, out);
  }
  for (auto& send : outbox_) out.messages.push_back(std::move(send));
  outbox_.clear();
  log_.flush(out);
  requests_.take_replies(out.replies);
}

Nanos Paxos::deadline() const {
  const Nanos own =
      state_ == State::leader ? std::min(heartbeat_due_, quorum_due_) : silence_deadline_;
  return std::min(own, requests_.deadline());
}

StatusReport Paxos::status() const {
  StatusReport report;
  report.self = config_.self;
  report.role = state_ == State::leader     ? Role::leader
                : state_ == State::follower ? Role::follower
                                            : Role::candidate;
  report.term = highest();
  report.leader = leader_;
  report.last = log_.last();
  report.commit = chosen_;
  report.applied = performed_;
  report.protocol = name();
  return report;
}

bool Paxos::follow(Nanos now, NodeId from, Term ballot) {
  if (ballot < highest()) return false;
  if (state_ == State::leader && ballot == ballot_) return false;
  if (state_ != State::follower || leader_ != from || ballot_ != ballot) {
    step_back(now, ballot, from);
  }
  ballot_ = ballot;
  defeats_ = 0;
  draw_silence(now);
  return true;
}

void Paxos::hand_over_requests(Nanos now) {
  if (leader_ == NodeId::none) return;
  for (auto& command : requests_.hand_over(now, leader_, ballot_)) {
    if (state_ == State::leader) {
      accept(config_.self, command);
    } else {
      outbox_.push_back({leader_, ForwardRequest{ballot_, std::move(command)}});
    }
  }
}

void Paxos::accept(NodeId origin, const Command& command) {
  const auto [serving, fresh] = serving_.try_emplace(command.id, origin);
  if (!fresh) {
    serving->second = origin;
  } else if (has(PaxosBug::read_outside_log) && !mutates(command)) {
    serving_.erase(serving);
    answer(origin, machine_.query(command));
  } else {
    waiting_.push_back(command);
  }
}

void Paxos::answer(NodeId origin, const Reply& reply) {
  if (origin == config_.self) {
    requests_.finish(reply);
  } else {
    outbox_.push_back({origin, ForwardReply{ballot_, false, reply}});
  }
}

void Paxos::on(Nanos /*now*/, NodeId from, const ForwardRequest& message) {
  if (state_ == State::leader && message.term == ballot_) {
    accept(from, message.command);
    return;
  }
  // "Never proposed" may be said only if no other copy of this request can have been proposed here,
  // in that ballot, by this life or an earlier one.
  Reply reply{message.command.id, Outcome::no_leader, {}};
  const auto latest = proposed_.find(message.command.id.client);
  const bool proposed = latest != proposed_.end() && latest->second >= message.command.id.sequence;
  if (proposed || message.term <= recovered_ || message.term > std::max(seen_, ballot_)) {
    reply.outcome = Outcome::in_doubt;
  }
  outbox_.push_back({from, ForwardReply{message.term, true, reply}});
}

void Paxos::on(Nanos now, NodeId from, const ForwardReply& message) {
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
  if (leader_ == from && message.term == ballot_) step_back(now, ballot_, NodeId::none);
}

}  // namespace assay::reference
