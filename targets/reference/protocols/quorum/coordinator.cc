// Quorum replication: what a member does for its clients. Every operation asks R replicas first; a
// write, and a read that writes back, then has W of them store a version.
#include <algorithm>
#include <iterator>
#include <utility>

#include "targets/reference/protocols/quorum/quorum.h"

namespace assay::reference {

bool Quorum::is_home(const Operation& operation, NodeId member) const {
  const auto& order = operation.preference;
  const auto end = std::next(order.begin(), static_cast<std::ptrdiff_t>(ring_.replicas()));
  return std::find(order.begin(), end, member) != end;
}

bool Quorum::may_stand_in(const Operation& operation, NodeId member) const {
  if (is_home(operation, member)) return true;
  const bool updates = operation.phase == Phase::update;
  return config_.sloppy || (updates && has(QuorumBug::substitutes_count));
}

std::size_t Quorum::write_quorum() const {
  const bool early = has(QuorumBug::acknowledge_early) && config_.write_quorum > 1;
  return config_.write_quorum - (early ? 1 : 0);
}

void Quorum::send_phase(Nanos now, std::uint64_t number, Operation& operation) {
  operation.sent = now;
  const bool updates = operation.phase == Phase::update;
  std::vector<NodeId> missing;
  for (std::size_t i = 0; i < operation.preference.size(); ++i) {
    const NodeId to = operation.preference[i];
    const bool home = i < ring_.replicas();
    if (!home && (!operation.widened || !may_stand_in(operation, to))) break;
    if (!updates) {
      if (!operation.answers.contains(to)) send(to, QuorumRead{number, operation.command.key});
      continue;
    }
    const bool lacks = !operation.acknowledged.contains(to);
    if (home && lacks) missing.push_back(to);
    if (!home && missing.empty()) break;
    QuorumWrite write{number, operation.command.key, operation.version, WriteReason::write,
                      NodeId::none};
    if (!home) {
      write.meant_for = missing.front();
      missing.erase(missing.begin());
    }
    if (!lacks) continue;
    // Not before our clock is on disk: after a crash it must not give the same stamp once more.
    if (to == self()) {
      send(to, std::move(write));
    } else {
      log_.send_when_state_durable(to, std::move(write));
    }
  }
}

void Quorum::on_answer(Nanos now, NodeId from, const QuorumReadReply& message) {
  const auto found = operations_.find(message.operation);
  if (found == operations_.end() || found->second.phase != Phase::query) return;
  if (!may_stand_in(found->second, from)) return;
  found->second.answers.emplace(from, message.version);
  advance(now, message.operation);
}

void Quorum::on_acknowledged(Nanos now, NodeId from, const QuorumWriteReply& message) {
  if (const auto delivered = hint_keys_.extract(message.operation); !delivered.empty()) {
    hints_.erase(delivered.mapped());
    return;
  }
  const auto found = operations_.find(message.operation);
  if (found == operations_.end() || found->second.phase != Phase::update) return;
  found->second.acknowledged.insert(from);
  advance(now, message.operation);
}

void Quorum::advance(Nanos now, std::uint64_t number) {
  Operation& operation = operations_.at(number);
  if (operation.phase == Phase::query) {
    if (operation.answers.size() >= config_.read_quorum) end_query(now, number, operation);
    return;
  }
  std::size_t count = 0;
  std::size_t homes = 0;
  for (const NodeId member : operation.acknowledged) {
    if (may_stand_in(operation, member)) ++count;
    if (is_home(operation, member)) ++homes;
  }
  if (!operation.answered && count >= write_quorum()) {
    reply(operation, Outcome::ok,
          operation.command.kind == CommandKind::read ? operation.version.value : Datum{});
  }
  if (operation.answered && homes == ring_.replicas()) operations_.erase(number);
}

void Quorum::end_query(Nanos now, std::uint64_t number, Operation& operation) {
  StampedValue newest;
  for (const auto& [member, version] : operation.answers) {
    clock_.observe(version.stamp.counter);
    if (version.stamp >= newest.stamp) newest = version;
  }
  if (operation.command.kind == CommandKind::write) {
    if (has(QuorumBug::own_clock_stamps)) {
      newest.stamp = {static_cast<std::uint64_t>(now.count()), self()};
    } else {
      newest.stamp = clock_.tick();
      log_.set_hard_state({clock_.counter(), NodeId::none});
    }
    newest.value = operation.command.value;
    begin_update(now, number, operation, std::move(newest));
    return;
  }
  if (config_.read == ReadRepair::write_back && newest.stamp.counter > 0) {
    if (has(QuorumBug::answer_before_write_back)) reply(operation, Outcome::ok, newest.value);
    begin_update(now, number, operation, std::move(newest));
    return;
  }
  if (config_.read == ReadRepair::repair) repair(operation, newest);
  reply(operation, Outcome::ok, newest.value);
  operations_.erase(number);
}

void Quorum::begin_update(Nanos now, std::uint64_t number, Operation& operation,
                          StampedValue version) {
  operation.phase = Phase::update;
  operation.phase_started = now;
  operation.widened = false;
  operation.version = std::move(version);
  for (const auto& [member, held] : operation.answers) {
    if (held.stamp == operation.version.stamp) operation.acknowledged.insert(member);
  }
  send_phase(now, number, operation);
  advance(now, number);
}

void Quorum::repair(const Operation& operation, const StampedValue& newest) {
  StampedValue sent = newest;
  if (has(QuorumBug::repair_writes_old)) sent = operation.answers.begin()->second;
  for (const auto& [member, held] : operation.answers) {
    if (held.stamp == sent.stamp) continue;
    send(member, QuorumWrite{0, operation.command.key, sent, WriteReason::repair, NodeId::none});
  }
}

void Quorum::reply(Operation& operation, Outcome outcome, Datum value) {
  if (operation.answered) return;
  operation.answered = true;
  waiting_.erase(operation.command.id);
  replies_.push_back({operation.command.id, outcome, std::move(value)});
}

void Quorum::tick_operations(Nanos now) {
  std::vector<std::uint64_t> ended;
  for (auto& [number, operation] : operations_) {
    const bool updates = operation.phase == Phase::update;
    const bool patient = now - operation.phase_started < config_.patience;
    if (now - operation.started >= config_.give_up && !operation.answered) {
      // Without an update nothing was written anywhere.
      reply(operation, updates ? Outcome::in_doubt : Outcome::unavailable, {});
      if (!updates) ended.push_back(number);
    } else if (updates && operation.answered && !patient) {
      for (std::size_t i = 0; i < ring_.replicas(); ++i) {
        const NodeId home = operation.preference[i];
        if (operation.acknowledged.contains(home)) continue;
        keep_hint(home, operation.command.key, operation.version);
      }
      ended.push_back(number);
    } else if (now - operation.sent >= config_.resend) {
      operation.widened = !patient;
      send_phase(now, number, operation);
    }
  }
  for (const std::uint64_t number : ended) operations_.erase(number);
}

}  // namespace assay::reference
