#pragma once
// The clients and the nemesis of a simulated world, as the scheduler sees workers. Time stands
// still while the scheduler thinks and moves from event to event while it waits.

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "harness/scheduler.h"
#include "targets/reference/sim/faults.h"
#include "targets/reference/sim/world.h"

namespace assay::reference {

struct SimulatedClientOptions {
  int threads = 10;  ///< thread i speaks to member i mod members
  Nanos operation_timeout = std::chrono::seconds(2);
};

/// Not thread-safe. The world is borrowed; its callbacks belong to this object.
class SimulatedClients final : public Workers {
 public:
  SimulatedClients(World& world, const SimulatedClientOptions& options);

  int threads() const override { return options_.threads; }
  Nanos now() override { return world_.now(); }
  void start(int thread, ProcessId process, const Invocation& invocation) override;
  std::optional<Finished> wait(Nanos until) override;
  std::string node(int thread) const override;

  /// What clients have asked for so far.
  const std::set<Datum>& keys() const { return keys_; }

  /// Undoes every fault that is in force and starts every member that is down.
  Result<std::vector<StoppedFault>> heal_all();

 private:
  struct Waiting {
    int thread = 0;
    NodeId member = NodeId::none;
    Invocation invocation;
    Command command;
  };
  NodeId member_of(int thread) const;
  void arrive(const RequestId& id);
  void answer(const RequestId& id, Completion completion, Nanos after);
  void finish(int thread, Completion completion);
  Nanos way(int thread);

  World& world_;
  SimulatedClientOptions options_;
  SimulatedNemesis nemesis_;
  std::unordered_map<RequestId, Waiting, RequestIdHash> waiting_;
  std::vector<std::uint64_t> sequences_;  // of the process that each thread is now
  std::vector<std::uint64_t> identities_;
  std::vector<Random> chances_;  // by thread
  std::set<Datum> keys_;
  std::deque<Finished> finished_;
};

}  // namespace assay::reference
