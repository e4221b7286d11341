// Raft: who belongs to the cluster, and who leads it next. One member comes or goes at a time, and
// a configuration counts from the moment it is in the log.
#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "targets/reference/protocols/raft/raft.h"

namespace assay::reference {
namespace {

/// Ascending and without repetition; nothing: not a list of numbers of `known` members, or empty.
std::optional<std::vector<NodeId>> members_in(const Datum& datum,
                                              const std::vector<NodeId>& known) {
  const auto* list = datum.get_if<Datum::List>();
  if (list == nullptr || list->empty()) return std::nullopt;
  std::vector<NodeId> members;
  for (const Datum& element : *list) {
    const auto* number = element.get_if<std::int64_t>();
    const auto found = std::find_if(known.begin(), known.end(), [&](NodeId member) {
      return number != nullptr && static_cast<std::int64_t>(member) == *number;
    });
    if (found == known.end()) return std::nullopt;
    members.push_back(*found);
  }
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  return members;
}

/// Any two majorities of configurations that differ by one member have a member in common.
bool differ_by_one(const std::vector<NodeId>& a, const std::vector<NodeId>& b) {
  std::vector<NodeId> differences;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                std::back_inserter(differences));
  return differences.size() == 1;
}

}  // namespace

bool Raft::votes(NodeId member) const {
  return std::find(voters().begin(), voters().end(), member) != voters().end();
}

bool Raft::has_majority(const std::set<NodeId>& members) const {
  const auto count = std::count_if(members.begin(), members.end(),
                                   [this](NodeId member) { return votes(member); });
  return static_cast<std::size_t>(count) >= majority();
}

LogIndex Raft::append(Entry entry) {
  const bool configures = entry.command.kind == CommandKind::reconfigure;
  auto members = configures ? members_in(entry.command.value, config_.members) : std::nullopt;
  const LogIndex index = log_.append(std::move(entry));
  if (members) configurations_.push_back({index, std::move(*members)});
  return index;
}

void Raft::truncate_from(LogIndex index) {
  log_.truncate_from(index);
  while (configurations_.size() > 1 && configurations_.back().index >= index) {
    configurations_.pop_back();
  }
}

void Raft::load_configurations() {
  const Snapshot& snapshot = log_.snapshot();
  const auto& first = snapshot.members.empty() ? config_.members : snapshot.members;
  configurations_ = {{snapshot.index, first}};
  for (LogIndex index = log_.base() + 1; index <= log_.last(); ++index) {
    const Command& command = log_.at(index).command;
    if (command.kind != CommandKind::reconfigure) continue;
    if (auto members = members_in(command.value, config_.members)) {
      configurations_.push_back({index, std::move(*members)});
    }
  }
}

bool Raft::reconfigure(NodeId origin, const Command& command) {
  const auto wanted = members_in(command.value, config_.members);
  // Until an entry of this term is committed, a configuration of an earlier leader may still win,
  // and its majorities need not meet those of a third one (Ongaro, raft-dev, 2015).
  const bool early = commit_ < term_start_ && !has(RaftBug::reconfigure_before_noop);
  const bool pending =
      configurations_.back().index > commit_ && !has(RaftBug::reconfigure_two_at_once);
  Outcome outcome = Outcome::ok;
  bool answered = false;
  if (wanted && *wanted == voters() && !pending) {
    answered = true;  // it is so already: a retry, most likely
  } else if (!wanted || !differ_by_one(voters(), *wanted)) {
    outcome = Outcome::bad_request;
  } else if (early || pending) {
    outcome = Outcome::busy;
  }
  if (outcome == Outcome::ok && !answered) {
    for (const NodeId member : *wanted) {
      const auto peer = peers_.find(member);
      if (peer != peers_.end() && !votes(member)) peer->second.progress.reset(log_.last());
    }
    return true;
  }
  serving_.erase(command.id);
  answer(origin, {command.id, outcome, {}});
  return false;
}

void Raft::leave_if_removed(Nanos now) {
  if (state_ != State::leader || votes(config_.self)) return;
  if (configurations_.back().index <= commit_) become_follower(now, term(), NodeId::none);
}

void Raft::hand_over(NodeId origin, const Command& command) {
  const auto* number = command.value.get_if<std::int64_t>();
  const NodeId member{number == nullptr ? 0 : static_cast<std::uint32_t>(*number)};
  const bool can = member != config_.self && votes(member);
  if (can) {
    successor_ = member;
    hand_over_until_ = Nanos::zero();
  }
  answer(origin, {command.id, can ? Outcome::ok : Outcome::bad_request, {}});
}

void Raft::send_hand_over(Nanos now) {
  if (successor_ == NodeId::none || state_ != State::leader) return;
  if (hand_over_until_ == Nanos::zero()) hand_over_until_ = now + config_.election_min;
  if (now >= hand_over_until_ || !votes(successor_)) {
    successor_ = NodeId::none;
    return;
  }
  if (peers_.at(successor_).progress.match() < log_.last()) return;
  outbox_.push_back({successor_, TimeoutNow{term()}});
  asked_to_take_over_ = true;
  successor_ = NodeId::none;
}

void Raft::on(Nanos now, NodeId from, const TimeoutNow& message) {
  if (state_ == State::leader || message.term != term() || leader_ != from) return;
  if (votes(config_.self)) begin_election(now, true);
}

}  // namespace assay::reference
