#include "targets/reference/protocols/membership/heartbeats.h"

#include <utility>
#include <variant>

namespace assay::reference {
namespace {
/// How often silences are judged.
constexpr Nanos check_interval = std::chrono::milliseconds(10);
}  // namespace

Heartbeats::Heartbeats(const Membership& membership, Nanos interval,
                       std::unique_ptr<FailureDetector> detector)
    : self_(membership.self), interval_(interval), detector_(std::move(detector)) {
  for (const NodeId member : membership.members) {
    if (member != self_) peers_.push_back(member);
  }
}

void Heartbeats::start(Nanos now, Recovered /*recovered*/) {
  beat_due_ = now;
  check_due_ = now;
  for (const NodeId peer : peers_) detector_->expect(peer, now);
}

void Heartbeats::receive(Nanos now, NodeId from, Message message) {
  if (!std::holds_alternative<AliveBeat>(message)) return;
  detector_->heard(from, now);
  suspects_.erase(from);
}

void Heartbeats::tick(Nanos now) {
  if (now < check_due_) return;
  check_due_ = now + check_interval;
  if (now >= beat_due_) {
    beat_due_ = now + interval_;
    for (const NodeId peer : peers_) outbox_.push_back({peer, AliveBeat{}});
  }
  for (const NodeId peer : peers_) {
    if (detector_->suspects(peer, now)) suspects_.insert(peer);
  }
}

void Heartbeats::flush(Nanos /*now*/, Effects& out) {
  for (auto& send : std::exchange(outbox_, {})) out.messages.push_back(std::move(send));
  take_replies(out);
}

StatusReport Heartbeats::status() const {
  StatusReport report;
  report.self = self_;
  report.protocol = name();
  return report;
}

}  // namespace assay::reference
