#pragma once
// Transactional causal consistency: vector clocks of the causal order, in blocks of columns, and
// the order of commits that they force.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/transactions/weak/commit_edges.h"
#include "checker/transactions/weak/observations.h"

namespace assay::weak {

struct CausalEdges {
  CommitEdges edges;
  bool complete = true;  ///< false: the limit was reached
};

/// For each read, session and key, the last write in the reader's causal past, unless the causal
/// order already puts it before what was read. `topological`: all nodes, in an order that contains
/// session order and reads-from. O(n k) time, 64 bytes a transaction and thread.
CausalEdges causal_edges(const Observations& seen, const std::vector<Node>& topological,
                         const SearchLimits& limits);

/// The first edge whose target causally precedes its source: a read of what was overwritten in its
/// own past. `edges`: none to the initial node. The same cost.
std::optional<std::size_t> find_overtaken(const Observations& seen,
                                          const std::vector<Node>& topological,
                                          const CommitEdges& edges);

}  // namespace assay::weak
