#pragma once
// The faults of the simulated world. Those that the nemesis of a real cluster has too (partitions,
// kill, pause) have the same names and parameters there, so one schedule drives either; the others
// need a world of our own.

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "harness/nemesis.h"
#include "targets/reference/sim/world.h"

namespace assay::reference {

struct SimulatedFault {
  std::string_view name;
  std::string_view summary;
  /// Parameters of one injection among n members, as the value of start-NAME; null: the real
  /// nemesis' fault of this name draws them.
  Value (*draw)(std::size_t n, Random& random);
  /// A command that the protocol must know for the fault to do anything; empty: none.
  std::string_view needs = {};
};
/// A fault that went into force: what it does, in words, and what undoes it.
struct StartedFault {
  std::string what;
  std::function<void()> undo;
};

std::span<const SimulatedFault> simulated_faults();

/// Carries out start-NAME and stop-NAME at once. Not thread-safe.
class SimulatedNemesis final : public Nemesis {
 public:
  explicit SimulatedNemesis(World& world) : world_(world) {}
  Completion invoke(const Invocation& invocation) override;
  /// Names no fault: nothing is measured here.
  Result<std::vector<StoppedFault>> heal_all() override;

 private:
  /// What undoes a fault that is in force.
  using Undo = std::function<void()>;
  using Started = StartedFault;
  Result<Started> start(const std::string& name, const Value& parameters);
  Result<Started> partition(const Value& parameters);
  Result<Started> on_nodes(const std::string& name, const Value& parameters);
  Result<std::vector<NodeId>> selected(const Value& parameters) const;
  Started weather(const std::string& name);
  Result<Started> slow_disk(const Value& parameters);

  World& world_;
  std::map<std::string, Undo> in_force_;
};

}  // namespace assay::reference
