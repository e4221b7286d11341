#pragma once
// Actor: the nemesis for real. Turns start-… and stop-… into requests to the agents of all nodes
// at once and says in words what was done.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "harness/nemesis.h"
#include "nemesis/agent_session.h"
#include "nemesis/fault.h"
#include "nemesis/registry.h"

namespace assay {

/// invoke and heal_all may be called from different threads; each waits for the other.
class Actor final : public Nemesis {
 public:
  /// Opens a session with the agent of every node. `faults` are those that may be asked for; the
  /// target has what they need. References are borrowed.
  /// Whose `power` may be null if no fault needs it.
  static Result<std::unique_ptr<Nemesis>> open(std::vector<FaultEntry> faults, Nodes& nodes,
                                               Target& target, const NemesisSettings& settings);

  /// `start-FAULT` with parameters as drawn, or `stop-FAULT`. Returns within about 20 s. ok: a Map
  /// with "nodes" (names), "what" (one line) and, when it stops, "effect": what was measured on
  /// each node, or "none: …" if the fault did nothing. info: the fault may be in force on some
  /// nodes; it is healed by stop-FAULT or heal_all all the same.
  Completion invoke(const Invocation& invocation) override;
  /// Error (unavailable) names the nodes where something may still be in force. Takes up to 40 s
  /// if nodes cannot be reached, or some minutes if one has a copy of its data folder.
  Result<std::vector<StoppedFault>> heal_all() override;

 private:
  struct InForce {
    std::vector<std::size_t> nodes;  ///< in the order of healing
    Nanos gap{0};                    ///< between one and the next
  };

  Actor(std::vector<FaultEntry> faults, Nodes& nodes, Target& target, Power* power)
      : faults_(std::move(faults)), cluster_{nodes, target}, power_(power) {}
  /// What stands for the whole run, whatever happens to an agent: layers over the data folders,
  /// which servers must open their files through, and the topology's latencies.
  Status prepare(const Latencies& latencies);
  void add_disk_layer(std::size_t node, std::vector<Words>& requests) const;
  Status add_latencies(const Latencies& latencies, std::size_t node,
                       std::vector<Words>& requests) const;
  Completion start(const FaultEntry& fault, const Value& parameters);
  Completion stop(const FaultEntry& fault);
  /// What the nodes that were hit answered when the fault ended there, as one completion.
  Completion stopped(const FaultEntry& fault, const std::vector<std::size_t>& hit,
                     const std::vector<Result<std::string>>& answers);
  Result<std::string> inject(const FaultEntry& fault, const Words& words, std::size_t node);
  Result<std::string> heal(const FaultEntry& fault, std::size_t node);
  Status switch_on(std::size_t node);
  Status verify(std::size_t node) const;
  Nanos heal_timeout() const;
  std::string take_notices();

  const std::vector<FaultEntry> faults_;
  const Cluster cluster_;
  Power* const power_;
  std::mutex power_mutex_;                             ///< agents work at once, switches do not
  std::vector<std::unique_ptr<AgentSession>> agents_;  ///< one a node
  std::mutex mutex_;  ///< held for a whole invoke or heal_all; guards in_force_
  std::map<std::string_view, InForce> in_force_;
};

}  // namespace assay
