#pragma once
// Every member sends a heartbeat to every other one, and a failure detector judges the silences:
// n (n - 1) messages an interval, and no two members need to agree.

#include <memory>
#include <vector>

#include "targets/reference/protocols/membership/detectors.h"
#include "targets/reference/protocols/membership/membership.h"

namespace assay::reference {

class Heartbeats final : public MembershipProtocol {
 public:
  Heartbeats(const Membership& membership, Nanos interval,
             std::unique_ptr<FailureDetector> detector);

  std::string_view name() const override { return "heartbeats"; }
  void start(Nanos now, Recovered recovered) override;
  void receive(Nanos now, NodeId from, Message message) override;
  void tick(Nanos now) override;
  void flush(Nanos now, Effects& out) override;
  Nanos deadline() const override { return check_due_; }
  StatusReport status() const override;
  std::set<NodeId> suspects() const override { return suspects_; }

 private:
  NodeId self_;
  std::vector<NodeId> peers_;
  Nanos interval_;
  std::unique_ptr<FailureDetector> detector_;
  Nanos beat_due_{0};
  Nanos check_due_{0};
  std::set<NodeId> suspects_;
  std::vector<Send> outbox_;
};

}  // namespace assay::reference
