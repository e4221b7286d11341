#include "targets/reference/protocols/primary_backup/primary_backup.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "targets/reference/protocols/commands.h"

namespace assay::reference {
namespace {
// Without failover there is one term.
constexpr Term only_term = 1;
}  // namespace

PrimaryBackup::PrimaryBackup(PrimaryBackupConfig config)
    : config_(std::move(config)),
      machine_(!has(PrimaryBackupBug::apply_retry_twice)),
      requests_(config_.requests) {
  ASSAY_ASSERT(config_.self != NodeId::none);
  ASSAY_ASSERT(config_.acknowledgements < config_.members.size());
  for (const NodeId member : config_.members) {
    if (member != config_.self) peers_[member];
  }
}

void PrimaryBackup::start(Nanos now, Recovered recovered) {
  log_.recover(std::move(recovered));
  recovered_ = log_.last();
  heartbeat_due_ = now;
  primary_known_ = leads();
  for (auto& [id, progress] : peers_) progress.reset(log_.last());
  advance();
}

void PrimaryBackup::receive(Nanos now, NodeId from, Message message) {
  if (!peers_.contains(from)) return;
  std::visit(
      [&](auto& m) {
        // The fixed primary needs no votes, and its heartbeats no answers.
        if constexpr (requires { on(now, from, m); }) on(now, from, m);
      },
      message);
}

void PrimaryBackup::request(Nanos now, Command command) {
  const bool read_here = config_.read_from == ReadFrom::any && !mutates(command);
  if (!read_here) {
    requests_.add(now, std::move(command));
  } else if (requests_.add(now, command)) {
    requests_.finish(machine_.query(command));
  }
}

void PrimaryBackup::written(Nanos /*now*/, WriteToken token) {
  log_.written(token);
  advance();
}

void PrimaryBackup::tick(Nanos now) {
  if (leads() && now >= heartbeat_due_) {
    heartbeat_due_ = now + config_.heartbeat;
    for (auto& [id, progress] : peers_) {
      progress.expire(now, config_.silence);
      outbox_.push_back({id, Heartbeat{only_term, applied_, 0}});
    }
  }
  if (!leads() && primary_known_ && now - primary_heard_ >= config_.silence) {
    primary_known_ = false;
    requests_.leader_lost(now);
  }
  requests_.tick(now, primary_known_);
}

void PrimaryBackup::flush(Nanos now, Effects& out) {
  if (primary_known_) {
    for (auto& command : requests_.hand_over(now, config_.primary, only_term)) {
      if (leads()) {
        accept(config_.self, command);
      } else {
        outbox_.push_back({config_.primary, ForwardRequest{only_term, std::move(command)}});
      }
    }
  }
  if (leads()) {
    serve_reads();
    // Only what is on the primary's disk is shipped: a backup never has what the primary lost.
    for (auto& [id, progress] : peers_) {
      while (auto request = progress.next_request(log_, log_.durable(), now)) {
        request->term = only_term;
        request->commit = applied_;
        out.messages.push_back({id, std::move(*request)});
      }
    }
  }
  for (auto& send : outbox_) out.messages.push_back(std::move(send));
  outbox_.clear();
  log_.flush(out);
  requests_.take_replies(out.replies);
}

Nanos PrimaryBackup::deadline() const {
  Nanos due = requests_.deadline();
  if (leads()) due = std::min(due, heartbeat_due_);
  if (!leads() && primary_known_) due = std::min(due, primary_heard_ + config_.silence);
  return due;
}

StatusReport PrimaryBackup::status() const {
  StatusReport report;
  report.self = config_.self;
  report.role = leads() ? Role::leader : Role::follower;
  report.term = only_term;
  report.leader = primary_known_ ? config_.primary : NodeId::none;
  report.last = log_.last();
  report.commit = applied_;
  report.applied = applied_;
  report.protocol = name();
  return report;
}

void PrimaryBackup::hear_primary(Nanos now) {
  primary_known_ = true;
  primary_heard_ = now;
}

void PrimaryBackup::on(Nanos now, NodeId from, AppendRequest& message) {
  if (from != config_.primary) return;
  hear_primary(now);
  AppendReply reply;
  reply.term = only_term;
  reply.prev_index = message.prev_index;
  if (message.prev_index > log_.last()) {
    reply.conflict_index = log_.last() + 1;
    log_.send_when_state_durable(from, reply);
    return;
  }
  // The log of a backup is a prefix of the primary's, so what it has already is equal.
  LogIndex index = message.prev_index;
  for (auto& entry : message.entries) {
    if (++index > log_.last()) log_.append(std::move(entry));
  }
  reply.success = true;
  reply.match = index;
  log_.send_when_durable(from, reply);
}

void PrimaryBackup::on(Nanos now, NodeId from, const AppendReply& message) {
  if (!leads()) return;
  peers_.at(from).on_reply(message, log_, now);
  advance();
}

void PrimaryBackup::on(Nanos now, NodeId from, const Heartbeat& /*message*/) {
  if (from == config_.primary) hear_primary(now);
}

void PrimaryBackup::on(Nanos /*now*/, NodeId from, const ForwardRequest& message) {
  if (leads()) accept(from, message.command);
}

void PrimaryBackup::on(Nanos /*now*/, NodeId /*from*/, const ForwardReply& message) {
  requests_.finish(message.reply);
}

void PrimaryBackup::accept(NodeId origin, const Command& command) {
  const auto [serving, fresh] = serving_.try_emplace(command.id, origin);
  if (!fresh) {
    serving->second = origin;
  } else if (!mutates(command)) {
    reads_.push_back({command, origin});
  } else {
    log_.append({only_term, command});
  }
}

void PrimaryBackup::answer(NodeId origin, const Reply& reply) {
  if (origin == config_.self) {
    requests_.finish(reply);
  } else {
    outbox_.push_back({origin, ForwardReply{only_term, false, reply}});
  }
}

void PrimaryBackup::advance() {
  LogIndex index = log_.durable();
  if (leads() && has(PrimaryBackupBug::acknowledge_before_sync)) index = log_.last();
  if (leads() && config_.acknowledgements > 0) {
    std::vector<LogIndex> matches;
    for (const auto& [id, progress] : peers_) matches.push_back(progress.match());
    std::sort(matches.begin(), matches.end(), std::greater<>());
    index = std::min(index, matches[config_.acknowledgements - 1]);
  }
  apply_to(index);
}

void PrimaryBackup::apply_to(LogIndex index) {
  while (applied_ < index) {
    const Reply reply = machine_.apply(log_.at(++applied_).command);
    if (!leads()) continue;
    const auto serving = serving_.find(reply.id);
    if (serving == serving_.end()) continue;
    const NodeId origin = serving->second;
    serving_.erase(serving);
    answer(origin, reply);
  }
}

void PrimaryBackup::serve_reads() {
  if (applied_ < recovered_ && !has(PrimaryBackupBug::read_before_recovery)) return;
  for (const auto& read : std::exchange(reads_, {})) {
    serving_.erase(read.command.id);
    answer(read.origin, answer_of(read.command));
  }
}

Reply PrimaryBackup::answer_of(const Command& command) const {
  if (!has(PrimaryBackupBug::read_unacknowledged)) return machine_.query(command);
  StoreMachine ahead = machine_;
  for (LogIndex index = applied_ + 1; index <= log_.last(); ++index) {
    ahead.apply(log_.at(index).command);
  }
  return ahead.query(command);
}

}  // namespace assay::reference
