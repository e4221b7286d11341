// Single-leader replication: what goes in and comes out, and what the primary does for clients.
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

PrimaryBackup::PrimaryBackup(PrimaryBackupConfig config, Random random)
    : config_(std::move(config)),
      random_(random),
      machine_(!has(PrimaryBackupBug::apply_retry_twice)),
      requests_(config_.requests) {
  ASSAY_ASSERT(config_.self != NodeId::none);
  ASSAY_ASSERT(config_.acknowledgements < config_.members.size());
  for (const NodeId member : config_.members) {
    if (member != config_.self) peers_[member];
  }
}

Term PrimaryBackup::term() const { return config_.failover ? log_.hard_state().term : only_term; }

Term PrimaryBackup::entry_term() const {
  return has(PrimaryBackupBug::epoch_not_raised) ? only_term : term();
}

void PrimaryBackup::start(Nanos now, Recovered recovered) {
  log_.recover(std::move(recovered));
  recovered_ = log_.last();
  heartbeat_due_ = now;
  if (!config_.failover && config_.self == config_.primary) {
    leads_ = true;
    primary_ = config_.self;
    // Whatever a backup has shown, its primary has on disk.
    forgotten_.seen = log_.last();
    base_known_ = true;
  }
  for (auto& [id, peer] : peers_) peer.progress.reset(log_.last());
  if (config_.failover) draw_election_deadline(now);
  advance();
}

void PrimaryBackup::receive(Nanos now, NodeId from, Message message) {
  if (!peers_.contains(from)) return;
  std::visit(
      [&](auto& m) {
        // Messages of other protocols are none of ours.
        if constexpr (requires { on(now, from, m); }) on(now, from, m);
      },
      message);
}

void PrimaryBackup::request(Nanos now, Command command) {
  if (mutates(command) || config_.read_from == ReadFrom::leader) {
    requests_.add(now, std::move(command));
  } else if (config_.read_from != ReadFrom::any) {
    route(now, std::move(command));
  } else if (requests_.add(now, command) && !leads()) {
    requests_.finish(machine_.query(command));
  }
}

void PrimaryBackup::written(Nanos /*now*/, WriteToken token) {
  log_.written(token);
  advance();
}

void PrimaryBackup::tick(Nanos now) {
  if (leads() && now >= heartbeat_due_) {
    for (auto& [id, peer] : peers_) peer.progress.expire(now, config_.silence);
    send_heartbeats(now);
  }
  if (!leads() && primary_ != NodeId::none && now - primary_heard_ >= config_.silence) {
    primary_ = NodeId::none;
    requests_.leader_lost(now);
  }
  if (config_.failover) tick_failover(now);
  tick_routed(now);
  requests_.tick(now, primary_ != NodeId::none);
}

void PrimaryBackup::send_heartbeats(Nanos now) {
  heartbeat_due_ = now + config_.heartbeat;
  ++round_;
  for (const auto& [id, peer] : peers_) {
    outbox_.push_back({id, Heartbeat{term(), spread_, round_}});
  }
}

void PrimaryBackup::flush(Nanos now, Effects& out) {
  if (primary_ != NodeId::none) {
    for (auto& command : requests_.hand_over(now, primary_, term())) {
      if (leads()) {
        accept(config_.self, command);
      } else {
        outbox_.push_back({primary_, ForwardRequest{term(), std::move(command)}});
      }
    }
  }
  if (leads()) {
    serve_reads(now);
    // Only what is on the primary's disk is shipped: a backup never has what the primary lost.
    for (auto& [id, peer] : peers_) {
      while (auto request = peer.progress.next_request(log_, log_.durable(), now)) {
        request->term = term();
        request->commit = spread_;
        out.messages.push_back({id, std::move(*request)});
      }
    }
  }
  serve_visits();
  for (auto& send : outbox_) out.messages.push_back(std::move(send));
  outbox_.clear();
  log_.flush(out);
  requests_.take_replies(out.replies);
  for (auto& reply : std::exchange(replies_, {})) out.replies.push_back(std::move(reply));
}

Nanos PrimaryBackup::deadline() const {
  Nanos due = requests_.deadline();
  if (leads()) due = std::min(due, heartbeat_due_);
  if (!leads() && primary_ != NodeId::none) due = std::min(due, primary_heard_ + config_.silence);
  if (config_.failover) due = std::min(due, election_deadline_);
  for (const auto& [id, read] : routed_) due = std::min(due, read.asked + config_.patience);
  return due;
}

StatusReport PrimaryBackup::status() const {
  StatusReport report;
  report.self = config_.self;
  report.role = leads() ? Role::leader : stands_ ? Role::candidate : Role::follower;
  report.term = term();
  report.leader = primary_;
  report.last = log_.last();
  report.commit = spread_;
  report.applied = applied_;
  report.protocol = name();
  return report;
}

void PrimaryBackup::on(Nanos /*now*/, NodeId from, const ForwardRequest& message) {
  if (leads() && message.term == term()) {
    accept(from, message.command);
  } else if (config_.failover) {
    // An earlier copy may be in the log: sessions make it harmless to hand it over once more.
    outbox_.push_back(
        {from, ForwardReply{message.term, true, {message.command.id, Outcome::in_doubt, {}}}});
  }
}

void PrimaryBackup::on(Nanos now, NodeId from, const ForwardReply& message) {
  if (message.rejected) {
    requests_.undecided(message.reply.id, from, message.term);
    // It says that it does not lead; wait until a primary makes itself heard.
    if (primary_ == from && message.term == term()) step_down(now, term(), NodeId::none);
  } else {
    finish(message.reply);
  }
}

void PrimaryBackup::accept(NodeId origin, const Command& command) {
  const auto [serving, fresh] = serving_.try_emplace(command.id, origin);
  if (!fresh) {
    serving->second = origin;
    return;
  }
  if (config_.row_locks && locked_.contains(command.key)) {
    blocked_[command.key].push_back({command, origin});
  } else if (!mutates(command)) {
    reads_.push_back({command, origin, applied_, config_.failover ? round_ + 1 : 0});
  } else {
    const LogIndex index = log_.append({entry_term(), command});
    if (config_.row_locks) locked_[command.key] = index;
  }
}

void PrimaryBackup::unlock(const Datum& key, LogIndex index) {
  const auto locked = locked_.find(key);
  if (locked == locked_.end() || locked->second != index) return;
  locked_.erase(locked);
  auto blocked = blocked_.extract(key);
  if (blocked.empty()) return;
  // The first write among them locks the row again, and those behind it wait on.
  for (const auto& [command, origin] : blocked.mapped()) {
    const auto serving = serving_.extract(command.id);
    accept(serving.empty() ? origin : serving.mapped(), command);
  }
}

void PrimaryBackup::answer(NodeId origin, const Reply& reply) {
  if (origin == config_.self) {
    finish(reply);
  } else {
    outbox_.push_back({origin, ForwardReply{term(), false, reply}});
  }
}

void PrimaryBackup::serve_reads(Nanos now) {
  if (!config_.failover) {
    if (applied_ < recovered_ && !has(PrimaryBackupBug::read_before_recovery)) return;
    for (const auto& read : std::exchange(reads_, {})) {
      serving_.erase(read.command.id);
      answer(read.origin, answer_of(read.command));
    }
    return;
  }
  std::vector<std::uint64_t> rounds{round_};
  for (const auto& [id, peer] : peers_) rounds.push_back(peer.round);
  std::sort(rounds.begin(), rounds.end(), std::greater<>());
  const std::uint64_t confirmed = rounds[majority() - 1];
  while (!reads_.empty()) {
    const Read& read = reads_.front();
    // What an earlier primary had acknowledged is known once an entry of this epoch is.
    if (read.round > confirmed || std::max(read.index, recovered_) > applied_) break;
    const auto serving = serving_.extract(read.command.id);
    if (!serving.empty()) answer(serving.mapped(), answer_of(read.command));
    reads_.pop_front();
  }
  if (!reads_.empty() && reads_.back().round > round_ && confirmed == round_) send_heartbeats(now);
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
