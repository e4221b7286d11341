// Single-leader replication: reads that a replica answers. A session is what one client does; its
// member remembers what it has written and read, and asks only for answers that are not older.
#include <algorithm>
#include <utility>

#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/primary_backup/primary_backup.h"

namespace assay::reference {
namespace {
constexpr std::size_t sessions_max = 10'000;
constexpr std::size_t visits_max = 10'000;
}  // namespace

void PrimaryBackup::finish(const Reply& reply) {
  const bool remembers =
      config_.read_from == ReadFrom::read_your_writes || config_.read_from == ReadFrom::monotonic;
  if (remembers && reply.outcome == Outcome::ok) {
    if (sessions_.size() >= sessions_max && !sessions_.contains(reply.id.client)) {
      // Too many to remember: all begin anew, at the primary.
      sessions_.clear();
      base_known_ = false;
    }
    auto& last = sessions_[reply.id.client].last_write;
    last = std::max(last, reply.id);
  }
  requests_.finish(reply);
}

void PrimaryBackup::route(Nanos now, Command command) {
  const RequestId id = command.id;
  if (!is_well_formed(command)) {
    replies_.push_back({id, Outcome::bad_request, {}});
    return;
  }
  if (routed_.size() >= config_.requests.waiting_max) {
    replies_.push_back({id, Outcome::busy, {}});
    return;
  }
  const auto [place, fresh] = routed_.try_emplace(id);
  if (!fresh) return;
  place->second = {std::move(command), now, now};
  ask(now, place->second);
}

void PrimaryBackup::ask(Nanos now, RoutedRead& read) {
  read.asked = now;
  ReplicaRead question{read.command, {}, 0, false};
  NodeId to = config_.members[random_.below(config_.members.size())];
  const bool promises =
      config_.read_from != ReadFrom::replica && !has(PrimaryBackupBug::session_forgotten);
  if (promises) {
    question.anew = !base_known_;
    question.index = forgotten_.seen;
    const auto session = sessions_.find(read.command.id.client);
    if (session != sessions_.end()) {
      question.after = session->second.last_write;
      question.index = std::max(question.index, session->second.seen);
    }
    if (question.anew) to = primary_;
  }
  if (to == NodeId::none) return;
  if (to == config_.self) {
    on(now, to, question);
  } else {
    outbox_.push_back({to, std::move(question)});
  }
}

void PrimaryBackup::on(Nanos /*now*/, NodeId from, ReplicaRead& message) {
  if (message.anew && !leads()) return;
  if (message.anew) message.index = std::max(message.index, log_.durable());
  if (visits_.size() < visits_max) visits_.push_back({from, std::move(message)});
}

void PrimaryBackup::serve_visits() {
  std::deque<Visit> early;
  for (Visit& visit : std::exchange(visits_, {})) {
    const ReplicaRead& read = visit.read;
    const bool has_write = read.after.client == 0 || machine_.has_applied(read.after);
    if (applied_ < read.index || !has_write) {
      early.push_back(std::move(visit));
      continue;
    }
    const ReplicaReadReply reply{machine_.query(read.command), applied_, read.anew};
    if (visit.from == config_.self) {
      on(Nanos{}, visit.from, reply);
    } else {
      outbox_.push_back({visit.from, reply});
    }
  }
  visits_ = std::move(early);
}

void PrimaryBackup::on(Nanos /*now*/, NodeId /*from*/, const ReplicaReadReply& message) {
  if (message.anew && !base_known_) {
    forgotten_.seen = std::max(forgotten_.seen, message.index);
    base_known_ = true;
  }
  if (routed_.erase(message.reply.id) == 0) return;
  if (config_.read_from == ReadFrom::monotonic) {
    auto& seen = sessions_[message.reply.id.client].seen;
    seen = std::max(seen, message.index);
    if (sessions_.size() > sessions_max) {
      for (const auto& [client, session] : sessions_) {
        forgotten_.seen = std::max(forgotten_.seen, session.seen);
      }
      sessions_.clear();
    }
  }
  replies_.push_back(message.reply);
}

void PrimaryBackup::tick_routed(Nanos now) {
  for (auto read = routed_.begin(); read != routed_.end();) {
    if (now - read->second.arrived >= config_.requests.give_up) {
      replies_.push_back({read->first, Outcome::unavailable, {}});
      read = routed_.erase(read);
      continue;
    }
    if (now - read->second.asked >= config_.patience) ask(now, read->second);
    ++read;
  }
}

}  // namespace assay::reference
