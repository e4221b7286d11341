#include "targets/reference/protocols/quorum/quorum.h"

#include <algorithm>
#include <iterator>
#include <variant>

#include "base/assert.h"

namespace assay::reference {
namespace {
constexpr Nanos background_interval = std::chrono::milliseconds(100);
}

Quorum::Quorum(QuorumConfig config, Random random)
    : config_(std::move(config)),
      ring_(config_.membership.members, config_.replicas),
      clock_(config_.membership.self),
      next_operation_(random.next()) {
  ASSAY_ASSERT(config_.read_quorum >= 1);
  ASSAY_ASSERT(config_.read_quorum <= config_.replicas);
  ASSAY_ASSERT(config_.write_quorum >= 1);
  ASSAY_ASSERT(config_.write_quorum <= config_.replicas);
}

void Quorum::start(Nanos now, Recovered recovered) {
  log_.recover(std::move(recovered));
  clock_.observe(log_.hard_state().term);
  take_durable(now);
  background_due_ = now;
}

void Quorum::receive(Nanos now, NodeId from, Message message) {
  if (const auto* read = std::get_if<QuorumRead>(&message)) answer(from, *read);
  if (const auto* write = std::get_if<QuorumWrite>(&message)) store(now, from, *write);
  if (const auto* found = std::get_if<QuorumReadReply>(&message)) on_answer(now, from, *found);
  if (const auto* done = std::get_if<QuorumWriteReply>(&message)) on_acknowledged(now, from, *done);
  if (const auto* digest = std::get_if<QuorumDigest>(&message)) on_digest(from, *digest);
}

void Quorum::request(Nanos now, Command command) {
  if (command.kind != CommandKind::read && command.kind != CommandKind::write) {
    // Compare-and-set needs consensus, which quorums of registers cannot reach (Herlihy 1991).
    replies_.push_back({command.id, Outcome::bad_request, {}});
    return;
  }
  if (waiting_.contains(command.id)) return;
  if (operations_.size() >= config_.waiting_max) {
    replies_.push_back({command.id, Outcome::busy, {}});
    return;
  }
  const std::uint64_t number = next_operation_++;
  waiting_[command.id] = number;
  Operation& operation = operations_[number];
  operation.preference = ring_.preference(command.key);
  operation.command = std::move(command);
  operation.started = now;
  operation.phase_started = now;
  send_phase(now, number, operation);
}

void Quorum::written(Nanos now, WriteToken token) {
  log_.written(token);
  take_durable(now);
}

void Quorum::tick(Nanos now) {
  tick_operations(now);
  if (now < background_due_) return;
  background_due_ = now + background_interval;
  deliver_hints();
  send_digests();
}

Nanos Quorum::deadline() const {
  Nanos due = background_due_;
  for (const auto& [number, operation] : operations_) {
    due = std::min(due, operation.sent + config_.resend);
  }
  return due;
}

void Quorum::flush(Nanos now, Effects& out) {
  while (!to_self_.empty()) {
    auto [from, message] = std::move(to_self_.front());
    to_self_.pop_front();
    receive(now, from, std::move(message));
  }
  for (auto& send : std::exchange(outbox_, {})) out.messages.push_back(std::move(send));
  log_.flush(out);
  out.replies.insert(out.replies.end(), std::make_move_iterator(replies_.begin()),
                     std::make_move_iterator(replies_.end()));
  replies_.clear();
}

void Quorum::send(NodeId to, Message message) {
  if (to == self()) {
    to_self_.emplace_back(to, std::move(message));
  } else {
    outbox_.push_back({to, std::move(message)});
  }
}

StampedValue Quorum::version(const Datum& key) const {
  const auto found = versions_.find(key);
  return found == versions_.end() ? StampedValue{} : found->second;
}

StatusReport Quorum::status() const {
  StatusReport report;  // all are equal: none is the one to aim faults at
  report.self = self();
  report.last = log_.last();
  report.commit = applied_;
  report.applied = applied_;
  report.protocol = name();
  return report;
}

}  // namespace assay::reference
