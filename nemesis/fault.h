#pragma once
// Fault: one row of the nemesis's table. Drawing a fault's parameters is apart from carrying it
// out: what is drawn depends on the seed alone and stands in the history, so a recorded fault can
// be injected again exactly.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "harness/target.h"
#include "history/value.h"

namespace assay {

/// What a fault asks of the target, or of the place where the nodes are.
enum class FaultNeeds {
  nothing,
  process_control,
  membership,
  power,
  data_folder,
  disk_layer  ///< a data folder, and the layer over it for the whole run
};

using Words = std::vector<std::string>;

/// latencies[to][from]: how long packets between two nodes take on their way, added to what they
/// take anyway. A row may have one more, the last: how long clients wait, there and back.
using Latencies = std::vector<std::vector<Nanos>>;

/// What the agents have to do: for each node the words after `inject FAULT` (see agent/kinds.h), or
/// none if the node is left alone; and the whole in one line for people.
struct Injection {
  std::vector<Words> words;
  std::string what;
  Nanos gap{0};  ///< between one node and the next; 0: all at once
  /// With a gap: which node comes when. Nodes that are not named come last, in their order.
  std::vector<std::size_t> order;
  std::vector<std::size_t> heal_order;
};

/// Where a fault is carried out. References are borrowed.
struct Cluster {
  const Nodes& nodes;
  Target& target;

  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& node : nodes) names.push_back(node->name());
    return names;
  }
};

struct FaultEntry {
  std::string_view name;
  std::string_view summary;
  FaultNeeds needs;
  /// The parameters of one injection among n nodes: a Map, the value of start-NAME.
  Value (*draw)(std::size_t n, Random& random);
  /// Error (bad_data) if the parameters are not what `draw` makes.
  Result<Injection> (*plan)(const Value& parameters, const Cluster& cluster);
  /// Which nodes are hit instead of those that `draw` says (see selector.h); empty: those.
  std::string selector{};
};

/// The fault's rows, one function a file.
FaultEntry partition_fault();  ///< a kind drawn each time
FaultEntry partition_halves_fault();
FaultEntry partition_one_fault();
FaultEntry partition_minority_third_fault();
FaultEntry partition_primaries_fault();
FaultEntry partition_majorities_ring_fault();
FaultEntry partition_bridge_fault();
FaultEntry partition_one_way_fault();
FaultEntry partition_swizzle_fault();
FaultEntry packets_fault();  ///< a mix drawn each time
FaultEntry packet_delay_fault();
FaultEntry packet_loss_fault();
FaultEntry packet_corrupt_fault();
FaultEntry packet_duplicate_fault();
FaultEntry packet_reorder_fault();
FaultEntry packet_rate_fault();
FaultEntry kill_fault();
FaultEntry kill_all_fault();
FaultEntry stop_fault();
FaultEntry restart_fault();
FaultEntry pause_fault();
FaultEntry pause_threads_fault();
FaultEntry cpu_fault();
FaultEntry memory_fault();
FaultEntry power_fault();
FaultEntry membership_fault();
FaultEntry replace_fault();
FaultEntry clock_fault();
FaultEntry clock_drift_fault();
FaultEntry clock_strobe_fault();
FaultEntry disk_lose_fault();
FaultEntry disk_torn_fault();
FaultEntry disk_error_fault();
FaultEntry disk_full_fault();
FaultEntry disk_slow_fault();
FaultEntry disk_flip_fault();
FaultEntry disk_truncate_fault();
FaultEntry disk_restore_fault();

}  // namespace assay
