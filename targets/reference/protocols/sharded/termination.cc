// Sharded transactions: what participants do when decisions do not come. With two phases they can
// only ask; with three, who has waited long enough asks the others and decides.
#include <algorithm>
#include <utility>

#include "targets/reference/protocols/sharded/sharded.h"

namespace assay::reference {
namespace {

/// A participant is asked for what it remembers of this many of each client's transactions.
constexpr std::size_t remembered_max = 64;
constexpr Nanos impatience = std::chrono::milliseconds(400);

}  // namespace

void Sharded::remember(const RequestId& id, TransactionState state) {
  auto& endings = finished_[id.client];
  endings[id.sequence] = state;
  if (endings.size() > remembered_max) endings.erase(endings.begin());
}

bool Sharded::is_finished(const RequestId& id) const {
  const auto client = finished_.find(id.client);
  return client != finished_.end() && client->second.rbegin()->first >= id.sequence;
}

TransactionState Sharded::state_of(const RequestId& id) const {
  const auto work = works_.find(id);
  if (work != works_.end()) return work->second.state;
  const auto client = finished_.find(id.client);
  if (client == finished_.end()) return TransactionState::unknown;
  const auto ending = client->second.find(id.sequence);
  return ending == client->second.end() ? TransactionState::unknown : ending->second;
}

void Sharded::wait_for_decisions(Nanos now) {
  std::vector<RequestId> late;
  std::vector<RequestId> in_doubt;
  for (auto& [id, work] : works_) {
    if (!work.started && now - work.since >= config_.lock_patience) late.push_back(id);
    if (!work.answered || work.alone || now - work.asked < config_.repeat) continue;
    work.asked = now;
    in_doubt.push_back(id);
  }
  for (const RequestId& id : late) {
    // Those before it may have let it in.
    const auto work = works_.find(id);
    if (work != works_.end() && !work->second.started) refuse(now, id, Outcome::busy);
  }
  for (const RequestId& id : in_doubt) {
    Work& work = works_.at(id);
    post(work.coordinator, ShardInquiry{id});
    if (has(ShardedBug::abort_after_yes) && now - work.since >= impatience) {
      finish(now, id, TransactionState::aborted);
    } else if (config_.commit == CommitProtocol::three_phases &&
               now - work.since >= config_.coordinator_patience) {
      terminate(now, id);
    }
  }
}

/// Asks the other participants; after that, decides with those that answered: commit if one of them
/// knows that everybody voted yes, else abort. Who does not answer is taken to be down.
void Sharded::terminate(Nanos now, const RequestId& id) {
  Work& work = works_.at(id);
  if (now - work.since < config_.coordinator_patience + 2 * config_.repeat) {
    for (const NodeId member : work.participants) {
      if (member != config_.self) post(member, ShardInquiry{id});
    }
    return;
  }
  const bool all_yes = work.state == TransactionState::precommitted ||
                       std::any_of(work.heard.begin(), work.heard.end(), [](const auto& other) {
                         return other.second == TransactionState::precommitted;
                       });
  finish(now, id, all_yes ? TransactionState::committed : TransactionState::aborted);
}

void Sharded::on(Nanos now, NodeId from, const ShardState& message) {
  const auto coordinated = coordinated_.find(message.id);
  if (coordinated != coordinated_.end()) {
    const bool undecided = coordinated->second.stage == Stage::precommit;
    if (undecided && message.state == TransactionState::aborted) end(message.id, Outcome::busy);
    return;
  }
  const auto found = works_.find(message.id);
  if (found == works_.end() || !found->second.answered) return;
  if (message.state == TransactionState::committed || message.state == TransactionState::aborted) {
    finish(now, message.id, message.state);
  } else {
    found->second.heard[from] = message.state;
  }
}

}  // namespace assay::reference
