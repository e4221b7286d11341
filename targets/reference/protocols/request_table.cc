#include "targets/reference/protocols/request_table.h"

#include <algorithm>
#include <utility>

#include "targets/reference/protocols/commands.h"

namespace assay::reference {
namespace {
constexpr Nanos timeout_check_interval = std::chrono::milliseconds(50);
}

bool RequestTable::add(Nanos now, Command command) {
  if (!is_well_formed(command)) {
    replies_.push_back({command.id, Outcome::bad_request, {}});
    return false;
  }
  if (waiting_.contains(command.id)) return false;
  if (waiting_.size() >= limits_.waiting_max) {
    replies_.push_back({command.id, Outcome::busy, {}});
    return false;
  }
  if (waiting_.empty()) next_check_ = now + timeout_check_interval;
  const RequestId id = command.id;
  waiting_.emplace(id, Waiting{std::move(command), now, now});
  queue_.push_back(id);
  return true;
}

void RequestTable::finish(const Reply& reply) {
  if (waiting_.erase(reply.id) > 0) replies_.push_back(reply);
}

std::vector<Command> RequestTable::hand_over(Nanos now, NodeId leader, Term term) {
  std::vector<Command> commands;
  for (const auto& id : std::exchange(queue_, {})) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end() || found->second.handed_to != NodeId::none) continue;
    auto& waiting = found->second;
    waiting.handed_at = now;
    waiting.handed_to = leader;
    waiting.handed_term = term;
    if (mutates(waiting.command)) ++waiting.doubts;
    commands.push_back(waiting.command);
  }
  return commands;
}

void RequestTable::queue(const RequestId& id, Waiting& waiting) {
  waiting.handed_to = NodeId::none;
  waiting.handed_term = 0;
  queue_.push_back(id);
}

void RequestTable::rejected(const RequestId& id, NodeId leader, Term term) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  auto& waiting = found->second;
  if (waiting.handed_to != leader || waiting.handed_term != term) return;
  if (waiting.doubts > 0) --waiting.doubts;
  queue(id, waiting);
}

void RequestTable::undecided(const RequestId& id, NodeId leader, Term term) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  auto& waiting = found->second;
  if (waiting.handed_to == leader && waiting.handed_term == term) queue(id, waiting);
}

void RequestTable::leader_lost(Nanos now) {
  for (auto& [id, waiting] : waiting_) {
    if (waiting.handed_to == NodeId::none) continue;
    waiting.unled_since = now;
    queue(id, waiting);
  }
  // The order of a hash table is not part of the contract; a simulated run must repeat exactly.
  std::sort(queue_.begin(), queue_.end());
}

void RequestTable::tick(Nanos now, bool leader_known) {
  if (waiting_.empty() || now < next_check_) return;
  next_check_ = now + timeout_check_interval;
  std::vector<RequestId> ended;
  std::vector<RequestId> silent;
  for (auto& [id, waiting] : waiting_) {
    if (leader_known) waiting.unled_since = now;
    const bool unled = waiting.doubts == 0 && now - waiting.unled_since >= limits_.patience;
    if (unled || now - waiting.arrived >= limits_.give_up) {
      ended.push_back(id);
    } else if (waiting.handed_to != NodeId::none && now - waiting.handed_at >= limits_.resend) {
      silent.push_back(id);
    }
  }
  std::sort(ended.begin(), ended.end());
  std::sort(silent.begin(), silent.end());
  for (const auto& id : ended) {
    const bool doubtful = waiting_.at(id).doubts > 0;
    finish({id, doubtful ? Outcome::in_doubt : Outcome::no_leader, {}});
  }
  for (const auto& id : silent) queue(id, waiting_.at(id));
}

void RequestTable::take_replies(std::vector<Reply>& out) {
  out.insert(out.end(), std::make_move_iterator(replies_.begin()),
             std::make_move_iterator(replies_.end()));
  replies_.clear();
}

}  // namespace assay::reference
