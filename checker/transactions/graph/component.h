#pragma once
// Component: one strongly connected component of the dependencies, renumbered from 0 on, as the
// searches for cycles want it.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checker/transactions/graph/cycles.h"
#include "checker/transactions/graph/dependencies.h"

namespace assay {

class Component {
 public:
  struct Edge {
    std::uint32_t to;
    Dependency kind;
  };

  Component(const Dependencies& graph, std::vector<NodeIndex> nodes)
      : graph_(graph), nodes_(std::move(nodes)) {
    std::sort(nodes_.begin(), nodes_.end());
    offsets_.push_back(0);
    for (const NodeIndex node : nodes_) {
      for (const auto edge : graph.edges(node)) {
        const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), edge.to());
        if (at == nodes_.end() || *at != edge.to()) continue;
        edges_.push_back({static_cast<std::uint32_t>(at - nodes_.begin()), edge.kind()});
      }
      offsets_.push_back(edges_.size());
    }
  }

  std::uint32_t size() const { return static_cast<std::uint32_t>(nodes_.size()); }
  bool is_helper(std::uint32_t node) const { return graph_.is_helper(nodes_[node]); }
  std::span<const Edge> edges(std::uint32_t node) const {
    return std::span(edges_).subspan(offsets_[node], offsets_[node + 1] - offsets_[node]);
  }

  /// The closed way over `nodes` (kinds[i] leads out of nodes[i]) without its helpers. None if it
  /// meets a transaction twice.
  std::optional<Cycle> cycle(const std::vector<std::uint32_t>& nodes,
                             const std::vector<Dependency>& kinds) const {
    Cycle cycle;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (is_helper(nodes[i])) continue;
      cycle.transactions.push_back(nodes_[nodes[i]]);
      cycle.kinds.push_back(kinds[i]);
    }
    auto sorted = cycle.transactions;
    std::sort(sorted.begin(), sorted.end());
    if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) return std::nullopt;
    return cycle;
  }

 private:
  const Dependencies& graph_;
  std::vector<NodeIndex> nodes_;
  std::vector<std::size_t> offsets_;
  std::vector<Edge> edges_;
};

}  // namespace assay
