// Sharded transactions: the coordinator. It asks all shards to do their part and to vote; if all
// say yes it decides to commit, and only once that is on disk tells anybody. What it has no record
// of was aborted.
#include <algorithm>
#include <utility>

#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/sharded/sharded.h"

namespace assay::reference {

void Sharded::coordinate(Nanos now, Command command) {
  Coordinated transaction;
  transaction.parts = divide(command, config_.members);
  if (transaction.parts.empty()) {
    const bool nothing = command.kind == CommandKind::txn;
    replies_.push_back({command.id, nothing ? Outcome::ok : Outcome::bad_request,
                        nothing ? Datum(Datum::List{}) : Datum()});
    return;
  }
  const RequestId id = command.id;
  transaction.command = std::move(command);
  transaction.alone = transaction.parts.size() == 1;
  for (const auto& [member, part] : transaction.parts) transaction.participants.push_back(member);
  transaction.missing = {transaction.participants.begin(), transaction.participants.end()};
  transaction.began = now;
  coordinated_.emplace(id, std::move(transaction));
  tell(now, id);
}

/// Says to those whose answer is missing how things stand.
void Sharded::tell(Nanos now, const RequestId& id) {
  Coordinated& transaction = coordinated_.at(id);
  transaction.said = now;
  for (const NodeId member : transaction.missing) {
    if (transaction.state == TransactionState::prepared) {
      post(member, ShardWork{id, transaction.alone, transaction.participants,
                             transaction.parts.at(member).steps});
    } else {
      post(member, ShardDecision{id, transaction.state});
    }
  }
}

void Sharded::on(Nanos now, NodeId from, ShardVote& message) {
  const auto found = coordinated_.find(message.id);
  if (found == coordinated_.end() || found->second.state != TransactionState::prepared) return;
  Coordinated& transaction = found->second;
  if (message.outcome != Outcome::ok) {
    end(message.id, message.outcome);
    return;
  }
  if (transaction.missing.erase(from) == 0) return;
  transaction.parts.at(from).results = std::move(message.results);
  if (transaction.missing.empty()) everybody_answered(now, message.id);
}

void Sharded::everybody_answered(Nanos now, const RequestId& id) {
  Coordinated& transaction = coordinated_.at(id);
  if (transaction.alone) {
    replies_.push_back({id, Outcome::ok, combine(transaction.command, transaction.parts)});
    coordinated_.erase(id);
  } else if (config_.three_phases && transaction.state == TransactionState::prepared) {
    transaction.state = TransactionState::precommitted;
    transaction.missing = {transaction.participants.begin(), transaction.participants.end()};
    transaction.began = now;
    tell(now, id);
  } else {
    commit(now, id);
  }
}

void Sharded::commit(Nanos now, const RequestId& id) {
  Coordinated& transaction = coordinated_.at(id);
  Datum::List participants;
  for (const NodeId member : transaction.participants) {
    participants.emplace_back(static_cast<std::int64_t>(member));
  }
  transaction.state = TransactionState::committed;
  transaction.missing = {transaction.participants.begin(), transaction.participants.end()};
  transaction.record = record(id, "decide", std::move(participants));
  announce_durable(now);
}

void Sharded::announce_durable(Nanos now) {
  for (auto& [id, transaction] : coordinated_) {
    if (transaction.state != TransactionState::committed || transaction.announced) continue;
    if (transaction.record > log_.durable() && !has(ShardedBug::decide_before_sync)) continue;
    transaction.announced = true;
    replies_.push_back({id, Outcome::ok, combine(transaction.command, transaction.parts)});
    tell(now, id);
  }
}

/// Not committed: presumed abort needs no record, and nobody to remember it.
void Sharded::end(const RequestId& id, Outcome outcome) {
  const Coordinated& transaction = coordinated_.at(id);
  if (!transaction.alone) {
    for (const NodeId member : transaction.participants) {
      post(member, ShardDecision{id, TransactionState::aborted});
    }
  }
  replies_.push_back({id, outcome, {}});
  coordinated_.erase(id);
}

void Sharded::on(Nanos now, NodeId from, const ShardAcknowledge& message) {
  const auto found = coordinated_.find(message.id);
  if (found == coordinated_.end() || found->second.state != message.state) return;
  Coordinated& transaction = found->second;
  transaction.missing.erase(from);
  if (message.state == TransactionState::precommitted) {
    if (transaction.missing.empty()) everybody_answered(now, message.id);
    return;
  }
  if (!transaction.missing.empty() && !has(ShardedBug::forget_decision)) return;
  record(message.id, "end");
  coordinated_.erase(found);
}

void Sharded::on(Nanos /*now*/, NodeId from, const ShardInquiry& message) {
  const auto found = coordinated_.find(message.id);
  if (found != coordinated_.end()) {
    const Coordinated& transaction = found->second;
    const bool secret = transaction.state == TransactionState::committed && !transaction.announced;
    if (!secret) post(from, ShardDecision{message.id, transaction.state});
  } else if (config_.three_phases) {
    // Participants may have decided without their coordinator: ask one of them, or be one.
    post(from, ShardState{message.id, state_of(message.id)});
  } else {
    post(from, ShardDecision{message.id, TransactionState::aborted});
  }
}

void Sharded::repeat(Nanos now) {
  std::vector<RequestId> waiting;
  for (const auto& [id, transaction] : coordinated_) {
    const bool settled = transaction.state == TransactionState::committed && !transaction.announced;
    if (!settled && now - transaction.said >= config_.repeat) waiting.push_back(id);
  }
  for (const RequestId& id : waiting) {
    Coordinated& transaction = coordinated_.at(id);
    const bool late = now - transaction.began >= config_.vote_patience;
    if (late && transaction.state == TransactionState::precommitted) {
      // All voted yes; who does not answer now is taken to be down and will commit when it is back.
      commit(now, id);
    } else if (late && transaction.state == TransactionState::prepared) {
      const bool doubtful = transaction.alone && mutates(transaction.command);
      end(id, doubtful ? Outcome::in_doubt : Outcome::busy);
    } else {
      tell(now, id);
    }
  }
}

}  // namespace assay::reference
