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
    if (what == "decide") {
      Coordinated decided;
      decided.command.id = id;
      decided.participants = nodes_in(marker.value);
      decided.missing = {decided.participants.begin(), decided.participants.end()};
      decided.state = TransactionState::committed;
      decided.announced = true;
      coordinated_[id] = std::move(decided);
    } else if (what == "end") {
      coordinated_.erase(id);
    } else if (what == "done") {
      apply(steps);
      remember(id, TransactionState::committed);
    } else if (what == "prepared") {
      const auto* value = marker.value.get_if<Datum::List>();
      if (value == nullptr || value->size() != 2) continue;
      Work prepared;
      const auto* coordinator = value->front().get_if<std::int64_t>();
      if (coordinator == nullptr) continue;
      prepared.coordinator = NodeId{static_cast<std::uint32_t>(*coordinator)};
      prepared.participants = nodes_in(value->back());
      prepared.steps = std::move(steps);
      prepared.state = TransactionState::prepared;
      works_[id] = std::move(prepared);
    } else if (what == "precommit" && work != works_.end()) {
      work->second.state = TransactionState::precommitted;
    } else if (what == "commit" && work != works_.end()) {
      apply(work->second.steps);
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
    perform_steps(work.steps, changed, &work.results);
    LockSet locks = locks_of(work.steps);
    if (has(ShardedBug::recover_write_locks_only)) {
      std::erase_if(locks, [](const auto& lock) { return !lock.second; });
    }
    locks_.take(id, locks);
  }
}

}  // namespace assay::reference
