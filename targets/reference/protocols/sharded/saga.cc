// Sharded transactions: sagas. The parts of a transaction are committed one after the other, each
// by itself; if one cannot be done, those before it are undone by compensation. Nothing is locked
// between them, so others see what is half done, and what will be undone.
// Source: Garcia-Molina and Salem, "Sagas", 1987.
#include <algorithm>
#include <iterator>
#include <utility>

#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/sharded/sharded.h"

namespace assay::reference {
namespace {

/// Takes back what the step did. A compensation cannot fail: money is taken back even if it has
/// been spent, and what somebody has overwritten since stays overwritten.
void take_back(const Command& step, NodeId self, const std::vector<NodeId>& members,
               Datum& object) {
  if (step.kind == CommandKind::transfer) {
    transfer_back(step, self, members, object);
  } else if (step.kind == CommandKind::append) {
    auto* list = object.get_if<Datum::List>();
    if (list == nullptr) return;
    const auto at = std::find(list->rbegin(), list->rend(), step.value);
    if (at != list->rend()) list->erase(std::next(at).base());
  } else if (mutates(step) && object == step.value) {
    object = step.expected;
  }
}

}  // namespace

/// A bank that was opened in part is taken for open by whoever tries again, and then closed by
/// compensation; so opening one is a transaction.
bool Sharded::is_saga(const Coordinated& transaction) const {
  return config_.commit == CommitProtocol::saga && !transaction.alone &&
         transaction.command.kind != CommandKind::cas;
}

void Sharded::begin_saga(Nanos now, const RequestId& id) {
  Coordinated& transaction = coordinated_.at(id);
  transaction.record = record(id, "saga", list_of(transaction.participants));
  transaction.missing = {transaction.participants.front()};
  transaction.asked = 1;
  tell(now, id);
}

void Sharded::continue_saga(Nanos now, const RequestId& id) {
  Coordinated& transaction = coordinated_.at(id);
  if (transaction.asked == transaction.participants.size()) {
    record(id, "end");
    replies_.push_back({id, Outcome::ok, combine(transaction.command, transaction.parts)});
    coordinated_.erase(id);
    return;
  }
  transaction.missing = {transaction.participants[transaction.asked++]};
  transaction.began = now;
  tell(now, id);
}

/// Whoever was asked, but for one that said no, may have done its part.
void Sharded::undo_saga(Nanos now, const RequestId& id, Outcome outcome) {
  Coordinated& transaction = coordinated_.at(id);
  const bool refused = transaction.missing.empty();
  const std::size_t done = transaction.asked - (refused ? 1 : 0);
  transaction.stage = Stage::undo;
  transaction.outcome = outcome;
  const auto first = transaction.participants.begin();
  transaction.missing = {first, first + static_cast<std::ptrdiff_t>(done)};
  if (!transaction.missing.empty()) {
    tell(now, id);
    return;
  }
  record(id, "end");
  replies_.push_back({id, outcome, {}});
  coordinated_.erase(id);
}

void Sharded::compensate(Nanos now, NodeId from, const RequestId& id) {
  const auto work = works_.find(id);
  if (work != works_.end()) {
    // Once it is on disk it can be undone; the coordinator will ask again.
    if (work->second.record != 0) return;
    record(id, "refused");
    leave(now, id, TransactionState::aborted);
  } else if (state_of(id) == TransactionState::unknown) {
    record(id, "refused");
    remember(id, TransactionState::aborted);
  } else if (state_of(id) == TransactionState::committed || has(ShardedBug::compensate_twice)) {
    const auto undo = undo_.find(id.client);
    if (undo != undo_.end() && undo->second.first == id.sequence) {
      if (!locks_.is_free(locks_of(undo->second.second))) return;
      take_back_all(undo->second.second);
      record(id, "undone");
    }
    remember(id, TransactionState::aborted);
  }
  post_after(log_.last(), from, ShardAcknowledge{id, TransactionState::aborted});
}

void Sharded::take_back_all(const std::vector<Command>& steps) {
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    Datum object = read(step->key);
    take_back(*step, config_.self, config_.members, object);
    store_.write(step->key, std::move(object), 0);
  }
}

}  // namespace assay::reference
