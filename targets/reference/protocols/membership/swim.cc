#include "targets/reference/protocols/membership/swim.h"

#include <algorithm>
#include <bit>
#include <span>
#include <utility>
#include <variant>

namespace assay::reference {
namespace {
constexpr std::size_t errands_max = 1000;
}

Swim::Swim(SwimConfig config, Random random) : config_(std::move(config)), random_(random) {
  for (const NodeId member : config_.membership.members) {
    if (member != config_.membership.self) beliefs_[member];
  }
}

void Swim::start(Nanos now, Recovered /*recovered*/) {
  // Members that start together do not all probe at the same instant.
  period_start_ = now - Nanos(random_.between(0, config_.period.count()));
}

void Swim::receive(Nanos now, NodeId from, Message message) {
  if (const auto* probe = std::get_if<Probe>(&message)) hear(now, from, *probe);
}

void Swim::hear(Nanos now, NodeId from, const Probe& probe) {
  for (const MemberRumour& rumour : probe.rumours) believe(now, rumour);
  const auto believed = beliefs_.find(from);
  if (believed == beliefs_.end()) return;
  if (believed->second.state != MemberState::alive) {
    // It speaks, so let it know what is said of it: it will refute that.
    spread({from, believed->second.state, believed->second.incarnation});
  }
  switch (probe.kind) {
    case ProbeKind::ping:
      send(from, {ProbeKind::acknowledge, probe.sequence, config_.membership.self, {}});
      break;
    case ProbeKind::ping_for:
      if (errands_.size() >= errands_max) errands_.clear();
      errands_[++sequence_] = {from, probe.sequence};
      send(probe.target, {ProbeKind::ping, sequence_, probe.target, {}});
      break;
    case ProbeKind::acknowledge: {
      const auto errand = errands_.extract(probe.sequence);
      if (!errand.empty()) {
        const auto& [asked_by, sequence] = errand.mapped();
        send(asked_by, {ProbeKind::acknowledge, sequence, probe.target, {}});
      } else if (probe.sequence == probe_sequence_ && probe.target == probed_) {
        probed_ = NodeId::none;
      }
      break;
    }
  }
}

/// Keeps what is newer: a higher incarnation, or of the same one what is worse.
void Swim::believe(Nanos now, const MemberRumour& rumour) {
  if (rumour.member == config_.membership.self) {
    if (rumour.state == MemberState::alive || rumour.incarnation < incarnation_) return;
    incarnation_ = rumour.incarnation + 1;
    spread({rumour.member, MemberState::alive, incarnation_});
    return;
  }
  const auto found = beliefs_.find(rumour.member);
  if (found == beliefs_.end()) return;
  Belief& belief = found->second;
  const bool newer = rumour.incarnation > belief.incarnation;
  const bool worse = rumour.incarnation == belief.incarnation && rumour.state > belief.state;
  if (!newer && !worse) return;
  belief = {rumour.state, rumour.incarnation, now};
  spread(rumour);
}

void Swim::spread(const MemberRumour& rumour) {
  const auto rounds = std::bit_width(config_.membership.members.size() + 1);
  spreading_[rumour.member] = {rumour, config_.spread * static_cast<int>(rounds)};
}

void Swim::tick(Nanos now) {
  if (now - period_start_ >= config_.period) {
    end_period(now);
    probe_next(now);
  }
  if (probed_ == NodeId::none || helped_ || now - period_start_ < config_.answer) return;
  helped_ = true;
  std::vector<NodeId> helpers;
  for (const auto& [member, belief] : beliefs_) {
    if (member != probed_ && belief.state == MemberState::alive) helpers.push_back(member);
  }
  random_.shuffle(std::span(helpers));
  helpers.resize(std::min(helpers.size(), config_.helpers));
  for (const NodeId helper : helpers) {
    send(helper, {ProbeKind::ping_for, probe_sequence_, probed_, {}});
  }
}

void Swim::end_period(Nanos now) {
  if (probed_ != NodeId::none) {
    believe(now, {probed_, MemberState::suspected, beliefs_.at(probed_).incarnation});
  }
  for (auto& [member, belief] : beliefs_) {
    const bool overdue = now - belief.since >= config_.suspicion_periods * config_.period;
    if (belief.state != MemberState::suspected || !overdue) continue;
    believe(now, {member, MemberState::dead, belief.incarnation});
  }
}

void Swim::probe_next(Nanos now) {
  period_start_ = now;
  helped_ = false;
  probed_ = NodeId::none;
  for (std::size_t tried = 0; tried <= beliefs_.size(); ++tried) {
    if (order_.empty()) {
      for (const auto& [member, belief] : beliefs_) order_.push_back(member);
      random_.shuffle(std::span(order_));
      if (order_.empty()) return;
    }
    const NodeId next = order_.back();
    order_.pop_back();
    if (beliefs_.at(next).state == MemberState::dead) continue;
    probed_ = next;
    probe_sequence_ = ++sequence_;
    send(next, {ProbeKind::ping, probe_sequence_, next, {}});
    return;
  }
}

/// The rumours that were sent least ride along.
void Swim::send(NodeId to, Probe probe) {
  std::vector<Spreading*> freshest;
  for (auto& [member, spreading] : spreading_) freshest.push_back(&spreading);
  std::stable_sort(freshest.begin(), freshest.end(),
                   [](const Spreading* a, const Spreading* b) { return a->left > b->left; });
  freshest.resize(std::min(freshest.size(), config_.rumours_max));
  for (Spreading* spreading : freshest) {
    probe.rumours.push_back(spreading->rumour);
    --spreading->left;
  }
  std::erase_if(spreading_, [](const auto& entry) { return entry.second.left <= 0; });
  outbox_.push_back({to, std::move(probe)});
}

void Swim::flush(Nanos /*now*/, Effects& out) {
  for (auto& send : std::exchange(outbox_, {})) out.messages.push_back(std::move(send));
  take_replies(out);
}

Nanos Swim::deadline() const {
  const Nanos end = period_start_ + config_.period;
  const bool waits = probed_ != NodeId::none && !helped_;
  return waits ? std::min(end, period_start_ + config_.answer) : end;
}

std::set<NodeId> Swim::suspects() const {
  std::set<NodeId> found;
  for (const auto& [member, belief] : beliefs_) {
    if (belief.state != MemberState::alive) found.insert(member);
  }
  return found;
}

std::set<NodeId> Swim::confirmed() const {
  std::set<NodeId> found;
  for (const auto& [member, belief] : beliefs_) {
    if (belief.state == MemberState::dead) found.insert(member);
  }
  return found;
}

StatusReport Swim::status() const {
  StatusReport report;
  report.self = config_.membership.self;
  report.protocol = name();
  return report;
}

}  // namespace assay::reference
