#pragma once
// What a level forces upon the order of commits, beyond session order and reads-from.

#include <cstdint>
#include <vector>

#include "checker/transactions/weak/observations.h"

namespace assay::weak {

/// `from` is visible to `reader` and writes what `reader` read from `to`, so `from` commits before
/// `to`. `to` is the initial node if the reader found nothing of what `from` wrote: the initial
/// value, or a list without it. Nothing precedes the initial state, so that is a contradiction.
struct CommitEdge {
  Node from;
  Node to;
  Node reader;
  std::uint32_t read;  ///< of Observations::reads
};
using CommitEdges = std::vector<CommitEdge>;

/// Visible: what the transaction has read from before. O(n^1.5).
CommitEdges read_committed_edges(const Observations& seen);
/// Visible: the session before it, and what it reads from. O(n^1.5).
CommitEdges read_atomic_edges(const Observations& seen);

/// `reads` with the same operation: all that one read of a list found, or one read of a register.
std::size_t end_of_group(std::span<const Read> reads, std::size_t begin);

}  // namespace assay::weak
