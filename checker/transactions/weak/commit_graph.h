#pragma once
// The order of commits as a graph: session order, reads-from, the order of list elements and what a
// level forced; an order of all nodes, or the shortest cycles.

#include <cstdint>
#include <vector>

#include "checker/transactions/weak/commit_edges.h"
#include "checker/transactions/weak/observations.h"

namespace assay::weak {

enum class Rule : std::uint8_t { session, reads_from, version, commit };

/// One step of a cycle. `index`: of Observations::reads, ::versions, or of the commit edges.
struct CycleEdge {
  Node from;
  Node to;
  Rule rule;
  std::uint32_t index;
};
using Cycle = std::vector<CycleEdge>;

class CommitGraph {
 public:
  /// `with_sessions`: session order counts. Keeps references to both.
  CommitGraph(const Observations& seen, const CommitEdges& edges, bool with_sessions)
      : seen_(seen), edges_(edges), with_sessions_(with_sessions) {}

  /// All nodes in an order that contains every edge, the initial node first; empty if there is a
  /// cycle. O(nodes) if every edge goes from the smaller to the larger number, else O(edges).
  std::vector<Node> order();

  /// At most `count` shortest cycles of different strongly connected components, shortest first;
  /// session order counts nothing towards the length. REQUIRES order() returned nothing.
  std::vector<Cycle> cycles(std::size_t count);

  /// A shortest path by session order and reads-from; empty if there is none.
  Cycle visibility_path(Node from, Node to);

 private:
  struct Out {
    Node to;
    Rule rule;
    std::uint32_t index;
  };

  bool all_forward() const;
  void index_edges();
  std::span<const Out> out_of(Node node) const {
    return std::span(out_).subspan(begin_[node], begin_[node + 1] - begin_[node]);
  }
  std::vector<std::uint32_t> components(std::uint32_t& count) const;
  /// Breadth first from `from`; `admit` says which edges may be walked.
  template <class Admit>
  Cycle shortest(Node from, Node to, Admit admit);

  const Observations& seen_;
  const CommitEdges& edges_;
  bool with_sessions_;
  std::vector<std::uint32_t> begin_;
  std::vector<Out> out_;
};

}  // namespace assay::weak
