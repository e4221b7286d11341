// Sharded transactions: the participant. It gets the locks of all its steps, carries them out on
// copies, and votes once a record of them is on disk. From then on it may do nothing but wait.
#include <algorithm>
#include <utility>

#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/sharded/sharded.h"

namespace assay::reference {
namespace {

bool changes(const std::vector<Command>& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Command& step) { return mutates(step); });
}

}  // namespace

LockSet Sharded::locks_of(const std::vector<Command>& steps) const {
  LockSet locks;
  for (const Command& step : steps) {
    const bool exclusive = mutates(step);
    if (!exclusive && has(ShardedBug::no_read_locks)) continue;
    if (!exclusive && config_.snapshots && has(ShardedBug::read_past_prepared)) continue;
    locks[step.key] = locks[step.key] || exclusive;
  }
  return locks;
}

SnapshotTimes Sharded::times_of(const Work& work) const {
  return config_.snapshots ? SnapshotTimes{work.snapshot, work.snapshot} : SnapshotTimes{};
}

void Sharded::on(Nanos now, NodeId from, ShardWork& message) {
  if (is_finished(message.id)) return;
  const auto known = works_.find(message.id);
  if (known != works_.end()) {
    if (known->second.answered) vote(message.id, known->second, Outcome::ok, 0);
    return;
  }
  const bool valid = std::all_of(message.steps.begin(), message.steps.end(),
                                 [](const auto& step) { return entry_of(step.kind) != nullptr; });
  if (!valid || message.steps.empty()) return;
  Work work;
  work.coordinator = from;
  work.participants = std::move(message.participants);
  work.steps = std::move(message.steps);
  work.snapshot = message.snapshot;
  work.alone = message.alone;
  work.since = now;
  work.asked = now;
  locks_.wait(message.id, locks_of(work.steps), times_of(work));
  works_.emplace(message.id, std::move(work));
  start_granted(now);
}

void Sharded::start_granted(Nanos now) {
  for (const RequestId& id : locks_.grant()) {
    // Who was granted its locks here may have been refused meanwhile, by what another one did.
    const auto found = works_.find(id);
    if (found != works_.end()) carry_out(now, id, found->second);
  }
}

Outcome Sharded::perform_steps(const std::vector<Command>& steps, Versions::Stamp at,
                               std::map<Datum, Datum>& changed, std::vector<Datum>* results) const {
  for (const Command& step : steps) {
    const auto [object, fresh] = changed.try_emplace(step.key);
    if (fresh) object->second = store_.read(step.key, at);
    Answer answer = perform_step(step, config_.self, config_.members, object->second);
    if (answer.outcome != Outcome::ok) return answer.outcome;
    if (results != nullptr) results->push_back(std::move(answer.value));
  }
  return Outcome::ok;
}

/// Somebody has committed a version of what it writes since its snapshot: the first committer wins.
bool Sharded::is_overwritten(const Work& work) const {
  return std::any_of(work.steps.begin(), work.steps.end(), [&](const Command& step) {
    return mutates(step) && store_.written_at(step.key) > work.snapshot;
  });
}

void Sharded::carry_out(Nanos now, const RequestId& id, Work& work) {
  work.started = true;
  const bool newest = !config_.snapshots || has(ShardedBug::snapshot_per_shard);
  const bool part_of_saga = work.alone && work.participants.size() > 1;
  std::map<Datum, Datum> changed;
  const Outcome outcome =
      perform_steps(work.steps, newest ? Versions::newest : work.snapshot, changed, &work.results);
  if (outcome != Outcome::ok) {
    refuse(now, id, outcome);
  } else if (config_.snapshots && is_overwritten(work) && !has(ShardedBug::last_committer_wins)) {
    refuse(now, id, Outcome::busy);
  } else if (!work.alone) {
    work.record =
        record(id, "prepared",
               Datum::List{static_cast<std::int64_t>(work.coordinator), list_of(work.participants),
                           static_cast<std::int64_t>(work.snapshot)},
               work.steps);
  } else if (changes(work.steps) && part_of_saga) {
    for (Command& step : work.steps) {
      // What there was before, for compensation.
      if (step.kind == CommandKind::write) step.expected = read(step.key);
    }
    work.record = record(id, "part", {}, work.steps);
  } else if (changes(work.steps)) {
    work.record = record(id, "done", {}, work.steps);
  } else {
    vote(id, work, Outcome::ok, 0);
    leave(now, id, TransactionState::committed);
  }
}

void Sharded::vote(const RequestId& id, const Work& work, Outcome outcome, LogIndex after) {
  post_after(after, work.coordinator, ShardVote{id, outcome, work.results});
}

/// No. Of what concerns this shard alone the refusal is final only once it cannot be forgotten:
/// else a copy of the request that comes late would still be carried out.
void Sharded::refuse(Nanos now, const RequestId& id, Outcome outcome) {
  Work& work = works_.at(id);
  work.results.clear();
  const bool final = work.alone && changes(work.steps);
  vote(id, work, outcome, final ? record(id, "refused") : 0);
  leave(now, id, TransactionState::aborted);
}

void Sharded::answer_durable(Nanos now) {
  std::vector<RequestId> ready;
  for (const auto& [id, work] : works_) {
    if (work.answered || work.record == 0) continue;
    if (work.record <= log_.durable() || has(ShardedBug::vote_before_sync)) ready.push_back(id);
  }
  for (const RequestId& id : ready) {
    Work& work = works_.at(id);
    vote(id, work, Outcome::ok, 0);
    if (work.alone) {
      finish_alone(now, id);
      continue;
    }
    work.answered = true;
    work.state = TransactionState::prepared;
    work.since = now;
    work.asked = now;
    if (has(ShardedBug::unlock_at_vote)) locks_.release(id);
    if (has(ShardedBug::unlock_reads_at_vote)) locks_.release_shared(id);
    if (has(ShardedBug::unlock_at_vote) || has(ShardedBug::unlock_reads_at_vote)) {
      start_granted(now);
    }
  }
}

void Sharded::on(Nanos now, NodeId from, const ShardDecision& message) {
  const auto found = works_.find(message.id);
  const bool prepared = found != works_.end() && !found->second.alone;
  if (config_.commit == CommitProtocol::saga && message.state == TransactionState::aborted &&
      !prepared) {
    compensate(now, from, message.id);
    return;
  }
  if (found == works_.end()) {
    const TransactionState ended = state_of(message.id);
    if (message.state == TransactionState::precommitted && ended != TransactionState::unknown) {
      post(from, ShardState{message.id, ended});
    } else if (message.state == TransactionState::committed) {
      post_after(log_.last(), from, ShardAcknowledge{message.id, message.state});
    }
    return;
  }
  Work& work = found->second;
  if (message.state == TransactionState::committed || message.state == TransactionState::aborted) {
    finish(now, message.id, message.state, message.stamp);
    if (message.state == TransactionState::committed) {
      post_after(log_.last(), from, ShardAcknowledge{message.id, message.state});
    }
    return;
  }
  // The coordinator is there and will say more.
  work.since = now;
  if (message.state != TransactionState::precommitted || !work.answered) return;
  if (work.state == TransactionState::prepared) {
    work.state = TransactionState::precommitted;
    work.record = record(message.id, "precommit");
  }
  post_after(work.record, from, ShardAcknowledge{message.id, message.state});
}

void Sharded::finish(Nanos now, const RequestId& id, TransactionState state,
                     Versions::Stamp stamp) {
  const Work& work = works_.at(id);
  const bool commits = state == TransactionState::committed;
  // What was prepared is in the log, even if nobody was told yet.
  if (work.answered || work.record != 0) {
    record(id, commits ? "commit" : "abort", static_cast<std::int64_t>(stamp));
    if (commits) apply(work.steps, stamp);
  }
  leave(now, id, state);
}

void Sharded::finish_alone(Nanos now, const RequestId& id) {
  Work& work = works_.at(id);
  apply(work.steps);
  if (work.participants.size() > 1) undo_[id.client] = {id.sequence, std::move(work.steps)};
  leave(now, id, TransactionState::committed);
}

void Sharded::leave(Nanos now, const RequestId& id, TransactionState state) {
  remember(id, state);
  works_.erase(id);
  locks_.release(id);
  start_granted(now);
}

/// In the same order as when they were carried out, as far as locks kept the objects as they were.
void Sharded::apply(const std::vector<Command>& steps, Versions::Stamp stamp) {
  std::map<Datum, Datum> changed;
  if (perform_steps(steps, Versions::newest, changed, nullptr) != Outcome::ok) return;
  const LockSet locks = locks_of(steps);
  for (auto& [key, object] : changed) {
    // What was only read has no new version.
    const auto lock = locks.find(key);
    if (lock != locks.end() && lock->second) store_.write(key, std::move(object), stamp);
  }
}

}  // namespace assay::reference
