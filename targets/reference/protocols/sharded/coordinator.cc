// Sharded transactions: the coordinator. It asks all shards to do their part and to vote; if all
// say yes it decides to commit, and only once that is on disk tells anybody. What it has no record
// of was aborted. A saga is asked for part by part (saga.cc).
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
  for (const auto& [member, part] : transaction.parts) transaction.participants.push_back(member);
  transaction.missing = {transaction.participants.begin(), transaction.participants.end()};
  transaction.began = now;
  // What changes nothing, or concerns one shard only, needs no decision.
  transaction.alone =
      config_.snapshots ? !mutates(transaction.command) : transaction.parts.size() == 1;
  if (config_.snapshots) transaction.stage = Stage::snapshot;
  const bool saga = is_saga(transaction);
  coordinated_.emplace(id, std::move(transaction));
  if (saga) {
    begin_saga(now, id);
  } else {
    tell(now, id);
  }
}

/// Says to those whose answer is missing how things stand.
void Sharded::tell(Nanos now, const RequestId& id) {
  Coordinated& transaction = coordinated_.at(id);
  transaction.said = now;
  const Stage stage = transaction.stage;
  if (stage == Stage::snapshot || stage == Stage::stamp) {
    post(config_.members.front(), ShardClockRequest{id, stage == Stage::stamp});
    return;
  }
  for (const NodeId member : transaction.missing) {
    if (stage == Stage::work) {
      const bool alone = transaction.alone || is_saga(transaction);
      post_after(transaction.record, member,
                 ShardWork{id, alone, transaction.snapshot, transaction.participants,
                           transaction.parts.at(member).steps});
    } else {
      post(member, decision_of(id, transaction));
    }
  }
}

ShardDecision Sharded::decision_of(const RequestId& id, const Coordinated& transaction) {
  switch (transaction.stage) {
    case Stage::precommit:
      return {id, TransactionState::precommitted, 0};
    case Stage::committed:
      return {id, TransactionState::committed, transaction.stamp};
    case Stage::undo:
      return {id, TransactionState::aborted, 0};
    case Stage::snapshot:
    case Stage::work:
    case Stage::stamp:
      break;
  }
  return {id, TransactionState::prepared, 0};
}

void Sharded::on(Nanos now, NodeId from, ShardVote& message) {
  const auto found = coordinated_.find(message.id);
  if (found == coordinated_.end() || found->second.stage != Stage::work) return;
  Coordinated& transaction = found->second;
  if (message.outcome != Outcome::ok) {
    if (is_saga(transaction)) {
      transaction.missing.erase(from);
      undo_saga(now, message.id, message.outcome);
    } else {
      end(message.id, message.outcome);
    }
    return;
  }
  if (transaction.missing.erase(from) == 0) return;
  transaction.parts.at(from).results = std::move(message.results);
  if (!transaction.missing.empty()) return;
  if (is_saga(transaction)) {
    continue_saga(now, message.id);
  } else {
    everybody_answered(now, message.id);
  }
}

void Sharded::everybody_answered(Nanos now, const RequestId& id) {
  Coordinated& transaction = coordinated_.at(id);
  if (transaction.alone) {
    replies_.push_back({id, Outcome::ok, combine(transaction.command, transaction.parts)});
    coordinated_.erase(id);
  } else if (config_.commit == CommitProtocol::three_phases && transaction.stage == Stage::work) {
    transaction.stage = Stage::precommit;
    transaction.missing = {transaction.participants.begin(), transaction.participants.end()};
    transaction.began = now;
    tell(now, id);
  } else if (config_.snapshots && transaction.stamp == 0) {
    transaction.stage = Stage::stamp;
    tell(now, id);
  } else {
    commit(now, id);
  }
}

void Sharded::on(Nanos now, NodeId /*from*/, const ShardClock& message) {
  const auto found = coordinated_.find(message.id);
  if (found == coordinated_.end()) return;
  Coordinated& transaction = found->second;
  if (transaction.stage == Stage::snapshot && !message.commit) {
    transaction.snapshot = message.stamp;
    transaction.stage = Stage::work;
    tell(now, message.id);
  } else if (transaction.stage == Stage::stamp && message.commit) {
    transaction.stamp = message.stamp;
    commit(now, message.id);
  }
}

void Sharded::commit(Nanos now, const RequestId& id) {
  Coordinated& transaction = coordinated_.at(id);
  transaction.stage = Stage::committed;
  transaction.missing = {transaction.participants.begin(), transaction.participants.end()};
  transaction.record = record(
      id, "decide",
      Datum::List{static_cast<std::int64_t>(transaction.stamp), list_of(transaction.participants)});
  announce_durable(now);
}

void Sharded::announce_durable(Nanos now) {
  for (auto& [id, transaction] : coordinated_) {
    if (transaction.stage != Stage::committed || transaction.announced) continue;
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
      post(member, ShardDecision{id, TransactionState::aborted, 0});
    }
  }
  replies_.push_back({id, outcome, {}});
  coordinated_.erase(id);
}

void Sharded::on(Nanos now, NodeId from, const ShardAcknowledge& message) {
  const auto found = coordinated_.find(message.id);
  if (found == coordinated_.end()) return;
  Coordinated& transaction = found->second;
  const Stage stage = transaction.stage;
  if (stage == Stage::work || decision_of(message.id, transaction).state != message.state) return;
  transaction.missing.erase(from);
  if (stage == Stage::precommit) {
    if (transaction.missing.empty()) everybody_answered(now, message.id);
    return;
  }
  const bool forgets = stage == Stage::committed && has(ShardedBug::forget_decision);
  if (!transaction.missing.empty() && !forgets) return;
  if (stage == Stage::undo && !transaction.announced)
    replies_.push_back({message.id, transaction.outcome, {}});
  record(message.id, "end");
  coordinated_.erase(found);
}

void Sharded::on(Nanos /*now*/, NodeId from, const ShardInquiry& message) {
  const auto found = coordinated_.find(message.id);
  if (found != coordinated_.end()) {
    const Coordinated& transaction = found->second;
    const bool secret = transaction.stage == Stage::committed && !transaction.announced;
    if (!secret) post(from, decision_of(message.id, transaction));
  } else if (config_.commit == CommitProtocol::three_phases) {
    // Participants may have decided without their coordinator: ask one of them, or be one.
    post(from, ShardState{message.id, state_of(message.id)});
  } else {
    post(from, ShardDecision{message.id, TransactionState::aborted, 0});
  }
}

void Sharded::repeat(Nanos now) {
  std::vector<RequestId> waiting;
  for (const auto& [id, transaction] : coordinated_) {
    const bool secret = transaction.stage == Stage::committed && !transaction.announced;
    if (!secret && now - transaction.said >= config_.repeat) waiting.push_back(id);
  }
  for (const RequestId& id : waiting) {
    Coordinated& transaction = coordinated_.at(id);
    const bool late = now - transaction.began >= config_.vote_patience;
    if (!late || transaction.stage == Stage::committed || transaction.stage == Stage::undo) {
      tell(now, id);
    } else if (transaction.stage == Stage::precommit) {
      // All voted yes; who does not answer now is taken to be down and will commit when it is back.
      commit(now, id);
    } else if (is_saga(transaction)) {
      undo_saga(now, id, Outcome::busy);
    } else {
      const bool doubtful = transaction.alone && mutates(transaction.command);
      end(id, doubtful ? Outcome::in_doubt : Outcome::busy);
    }
  }
}

}  // namespace assay::reference
