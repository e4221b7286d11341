// Sharded transactions: the log, and what a member makes of it after a restart.
#include <algorithm>
#include <string>
#include <utility>

#include "targets/reference/protocols/commands.h"
#include "targets/reference/protocols/sharded/sharded.h"

namespace assay::reference {
namespace {

std::vector<NodeId> nodes_in(const Datum& datum) {
  std::vector<NodeId> nodes;
  const auto* list = datum.get_if<Datum::List>();
  if (list == nullptr) return nodes;
  for (const Datum& element : *list) {
    const auto* number = element.get_if<std::int64_t>();
    if (number != nullptr) nodes.push_back(NodeId{static_cast<std::uint32_t>(*number)});
  }
  return nodes;
}

std::uint64_t number_in(const Datum& datum) {
  const auto* number = datum.get_if<std::int64_t>();
  return number == nullptr ? 0 : static_cast<std::uint64_t>(*number);
}

/// The element of the list; nil if there is none.
Datum element_of(const Datum& datum, std::size_t at) {
  const auto* list = datum.get_if<Datum::List>();
  return list == nullptr || list->size() <= at ? Datum{} : (*list)[at];
}

}  // namespace

LogIndex Sharded::record(const RequestId& id, std::string_view what, Datum value,
                         const std::vector<Command>& steps) {
  log_.append({0, {CommandKind::noop, id, std::string(what), std::move(value), {}}});
  for (const Command& step : steps) log_.append({0, step});
  return log_.last();
}

void Sharded::recover(Nanos now) {
  const auto& entries = log_.entries();
  for (std::size_t at = 0; at < entries.size();) {
    const Command& marker = entries[at++].command;
    const RequestId& id = marker.id;
    std::vector<Command> steps;
    while (at < entries.size() && entries[at].command.kind != CommandKind::noop) {
      steps.push_back(entries[at++].command);
    }
    const auto* name = marker.key.get_if<std::string>();
    const std::string what = name == nullptr ? "" : *name;
    const auto work = works_.find(id);
    if (what == "decide" || what == "saga") {
      // A saga of which no end is known is undone: whoever waited for it is gone.
      Coordinated begun;
      begun.command.id = id;
      begun.stage = what == "saga" ? Stage::undo : Stage::committed;
      begun.stamp = number_in(element_of(marker.value, 0));
      begun.participants = nodes_in(what == "saga" ? marker.value : element_of(marker.value, 1));
      begun.missing = {begun.participants.begin(), begun.participants.end()};
      begun.announced = true;
      coordinated_[id] = std::move(begun);
    } else if (what == "end") {
      coordinated_.erase(id);
    } else if (what == "clock") {
      reserved_ = number_in(marker.value);
      last_stamp_ = has(ShardedBug::clock_not_reserved) ? 0 : reserved_;
    } else if (what == "done" || what == "part") {
      apply(steps);
      if (what == "part") undo_[id.client] = {id.sequence, std::move(steps)};
      remember(id, TransactionState::committed);
    } else if (what == "undone") {
      take_back_all(undo_[id.client].second);
      remember(id, TransactionState::aborted);
    } else if (what == "prepared") {
      Work prepared;
      prepared.coordinator =
          NodeId{static_cast<std::uint32_t>(number_in(element_of(marker.value, 0)))};
      prepared.participants = nodes_in(element_of(marker.value, 1));
      prepared.snapshot = number_in(element_of(marker.value, 2));
      prepared.steps = std::move(steps);
      prepared.state = TransactionState::prepared;
      works_[id] = std::move(prepared);
    } else if (what == "precommit" && work != works_.end()) {
      work->second.state = TransactionState::precommitted;
    } else if (what == "commit" && work != works_.end()) {
      apply(work->second.steps, number_in(marker.value));
      works_.erase(work);
      remember(id, TransactionState::committed);
    } else if (what == "abort" || what == "refused") {
      works_.erase(id);
      remember(id, TransactionState::aborted);
    }
  }
  if (has(ShardedBug::forget_in_doubt)) works_.clear();
  for (auto& [id, work] : works_) {
    work.started = true;
    work.answered = true;
    work.since = now;
    work.asked = now;
    // Its locks kept what it read as it was, so it reads the same again.
    std::map<Datum, Datum> changed;
    perform_steps(work.steps, config_.snapshots ? work.snapshot : Versions::newest, changed,
                  &work.results);
    LockSet locks = locks_of(work.steps);
    if (config_.snapshots || has(ShardedBug::recover_write_locks_only)) {
      std::erase_if(locks, [](const auto& lock) { return !lock.second; });
    }
    locks_.take(id, locks, times_of(work));
  }
}

}  // namespace assay::reference
