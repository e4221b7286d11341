#pragma once
// Registry: the table of faults, and the way from their names to a nemesis and its schedule.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "harness/generator.h"
#include "harness/nemesis.h"
#include "harness/power.h"
#include "harness/target.h"
#include "nemesis/agent_session.h"
#include "nemesis/fault.h"

namespace assay {

/// All faults, in the order in which they are listed.
std::span<const FaultEntry> faults();

/// Faults that belong together, asked for by one name.
struct FaultPackage {
  std::string_view name;
  std::string_view summary;
  std::span<const std::string_view> faults;
};
std::span<const FaultPackage> fault_packages();
/// The name in "kill:primaries", which asks for a fault of the nodes that a selector says.
std::string_view fault_name(std::string_view wanted);
/// Packages replaced by their faults; each fault once, in the order given. Unknown names stay.
std::vector<std::string> expand_faults(const std::vector<std::string>& names);

struct NemesisSettings {
  std::uint64_t seed = 0;
  Nanos interval = std::chrono::seconds(5);  ///< about how long a fault is in force, and is not
  AgentOptions agent;                        ///< the lease among them
  Power* power = nullptr;                    ///< the nodes' switches, if somebody has them
  Latencies latencies;                       ///< of the whole run; empty: as they are
};

/// Whether these faults exist, each once, their selectors fit so many nodes, and the target and the
/// nodes' place have what they need. Error: configuration.
Status check_faults(const std::vector<std::string>& names, Target& target, std::size_t nodes,
                    bool has_power);

/// A nemesis that can carry out these faults, with an agent on every node. Nodes and target are
/// borrowed. Error: configuration (as check_faults, before anything starts), unavailable,
/// not_permitted, no_input (no agent beside this program).
Result<std::unique_ptr<Nemesis>> make_nemesis(const std::vector<std::string>& names, Nodes& nodes,
                                              Target& target, const NemesisSettings& settings);

/// What to ask of it and when, fixed by the seed; only which nodes are primaries is looked up when
/// a fault starts. REQUIRES names of the table.
GeneratorPtr fault_schedule(const std::vector<std::string>& names, std::size_t nodes,
                            const NemesisSettings& settings);

}  // namespace assay
