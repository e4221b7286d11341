// Multi-Paxos: the proposer. Phase 1 asks a majority of acceptors what they have accepted, for all
// decrees at once; what any of them accepted in the highest ballot may have been chosen and is
// proposed again. After that the proposer leads: each further command needs phase 2 only.
#include <algorithm>
#include <utility>

#include "targets/reference/protocols/paxos/paxos.h"

namespace assay::reference {
namespace {

constexpr int defeats_max = 2;
constexpr std::size_t in_flight_max = 4;

}  // namespace

void Paxos::draw_silence(Nanos now) {
  // Those who lost to each other wait longer each time, so that one of them gets through.
  const std::int64_t longest = config_.silence_max.count() << std::min(defeats_, defeats_max);
  silence_deadline_ = now + Nanos(random_.between(config_.silence_min.count(), longest));
}

/// Disjoint for all proposers, and higher than any that this member has seen.
Term Paxos::next_ballot() const {
  const Term latest = std::max(seen_, highest());
  if (has(PaxosBug::shared_ballots)) return latest + 1;
  const auto n = static_cast<Term>(config_.members.size());
  const auto at = std::find(config_.members.begin(), config_.members.end(), config_.self);
  const auto position = static_cast<Term>(at - config_.members.begin());
  return (latest / n + 1) * n + position;
}

void Paxos::prepare(Nanos now) {
  if (leader_ != NodeId::none) requests_.leader_lost(now);
  leader_ = NodeId::none;
  state_ = State::preparing;
  ballot_ = next_ballot();
  seen_ = std::max(seen_, ballot_);
  if (!has(PaxosBug::ballot_not_persisted)) promise(ballot_);
  adopted_.clear();
  votes_.clear();
  for (LogIndex index = chosen_ + 1; index <= log_.last(); ++index) adopt(index, log_.at(index));
  for (auto& [id, peer] : peers_) {
    peer.promised = false;
    peer.reported = chosen_ + 1;
    ask(id);
  }
  if (defeats_ < defeats_max) ++defeats_;
  draw_silence(now);
  if (majority() == 1) lead(now);
}

void Paxos::ask(NodeId peer) {
  answer_acceptor(peer, PaxosPrepare{ballot_, peers_.at(peer).reported});
}

void Paxos::adopt(LogIndex index, const Entry& accepted) {
  if (accepted.term == 0) return;
  const auto [at, fresh] = adopted_.try_emplace(index, accepted);
  if (fresh || has(PaxosBug::adopt_own_value)) return;
  const bool lower = has(PaxosBug::adopt_lowest_ballot);
  if (lower ? accepted.term < at->second.term : accepted.term > at->second.term) {
    at->second = accepted;
  }
}

void Paxos::on(Nanos now, NodeId from, PaxosPromise& message) {
  seen_ = std::max(seen_, message.promised);
  if (state_ != State::preparing || message.ballot != ballot_) return;
  if (message.promised > ballot_) {
    step_back(now, message.promised, NodeId::none);
    return;
  }
  Peer& peer = peers_.at(from);
  if (peer.promised || message.first != peer.reported) return;
  for (const Entry& entry : message.entries) {
    adopt(peer.reported++, entry);
  }
  if (peer.reported <= message.last) {
    draw_silence(now);
    ask(from);
    return;
  }
  peer.promised = true;
  const auto promises = std::count_if(peers_.begin(), peers_.end(),
                                      [](const auto& each) { return each.second.promised; });
  if (static_cast<std::size_t>(promises) + 1 >= majority()) lead(now);
}

void Paxos::lead(Nanos now) {
  state_ = State::leader;
  leader_ = config_.self;
  defeats_ = 0;
  const LogIndex last =
      std::max(chosen_, adopted_.empty() ? LogIndex{0} : adopted_.rbegin()->first);
  // A decree that nobody of a majority has accepted cannot have been chosen: a no-op fills it.
  std::vector<Entry> proposals;
  for (LogIndex index = chosen_ + 1; index <= last; ++index) {
    const auto found = adopted_.find(index);
    proposals.push_back(
        {ballot_, found == adopted_.end() ? Command{} : std::move(found->second.command)});
    votes_[index];
  }
  store(chosen_ + 1, proposals);
  adopted_.clear();
  for (auto& [id, peer] : peers_) {
    peer.heard = now;
    peer.sent = chosen_;
    peer.sent_at = now;
    peer.in_flight = 0;
  }
  heartbeat_due_ = now;
  quorum_due_ = now + config_.silence_max;
}

void Paxos::propose(const Command& command) {
  auto& latest = proposed_[command.id.client];
  latest = std::max(latest, command.id.sequence);
  votes_[log_.append({ballot_, command})];
}

void Paxos::on(Nanos now, NodeId from, const PaxosAccepted& message) {
  seen_ = std::max(seen_, message.promised);
  if (state_ != State::leader || message.ballot != ballot_) return;
  if (message.promised > ballot_) {
    step_back(now, message.promised, NodeId::none);
    return;
  }
  Peer& peer = peers_.at(from);
  peer.heard = now;
  peer.sent_at = now;
  if (peer.in_flight > 0) --peer.in_flight;
  const auto end = votes_.lower_bound(message.first + message.count);
  for (auto at = votes_.lower_bound(message.first); at != end; ++at) at->second.insert(from);
  count_votes();
}

void Paxos::send_accepts(Nanos now, Effects& out) {
  for (auto& [id, peer] : peers_) {
    if (now - peer.sent_at >= config_.silence_max) {
      // No answer for long: again from the first decree that it has not accepted.
      const NodeId acceptor = id;
      const auto missing = std::find_if(votes_.begin(), votes_.end(), [&](const auto& vote) {
        return !vote.second.contains(acceptor);
      });
      if (missing != votes_.end()) peer.sent = std::min(peer.sent, missing->first - 1);
      peer.in_flight = 0;
    }
    peer.sent = std::max(peer.sent, std::min(chosen_, log_.last()));
    while (peer.sent < log_.last() && peer.in_flight < in_flight_max) {
      PaxosAccept accept{ballot_, peer.sent + 1,
                         log_.batch(peer.sent + 1, log_.last(), batch_entries_max)};
      peer.sent += accept.entries.size();
      peer.sent_at = now;
      ++peer.in_flight;
      out.messages.push_back({id, std::move(accept)});
    }
  }
}

void Paxos::step_back(Nanos now, Term ballot, NodeId leader) {
  seen_ = std::max(seen_, ballot);
  if (leader != leader_ && leader_ != NodeId::none) requests_.leader_lost(now);
  if (state_ != State::follower) {
    // Whoever waits for this leader asks the next one; sessions make that safe.
    serving_.clear();
    waiting_.clear();
    votes_.clear();
    adopted_.clear();
    draw_silence(now);
  }
  state_ = State::follower;
  leader_ = leader;
}

void Paxos::check_quorum(Nanos now) {
  quorum_due_ = now + config_.silence_min;
  const auto heard = std::count_if(peers_.begin(), peers_.end(), [&](const auto& each) {
    return now - each.second.heard < config_.silence_max;
  });
  if (static_cast<std::size_t>(heard) + 1 < majority()) step_back(now, ballot_, NodeId::none);
}

}  // namespace assay::reference
