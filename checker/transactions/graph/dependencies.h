#pragma once
// Dependencies: the serialization graph of a history (Adya, "Weak Consistency", 1999). An edge
// a → b says that a comes before b in every order that explains the history:
//
// - ww: b installed a version after one of a;
// - wr: b read what a wrote;
// - rw: a read a version after which b installed another (anti-dependency);
// - process: the same process ran a before b;
// - realtime: a was over before b began.
//
// Orders that would take a quadratic number of edges (real time; a reader before all of many
// writers of unknown order) run through helper nodes; an edge out of one is of kind `through`.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "checker/transactions/graph/version_orders.h"

namespace assay {

enum class Dependency : std::uint8_t { ww, wr, rw, process, realtime, through };
std::string_view name_of(Dependency kind);

using NodeIndex = std::uint32_t;  ///< a transaction, or from transaction_count() on a helper

/// Which edges beside those of the data: none, those of each process, and those of real time too.
enum class OrderBase : std::uint8_t { none, process, realtime };

struct DependencyEdge {
  NodeIndex from;
  NodeIndex to;
  Dependency kind;
};

class Dependencies {
 public:
  /// Target and kind in 32 bits: a graph of ten million transactions has sixty million edges.
  class Edge {
   public:
    Edge() = default;
    Edge(NodeIndex to, Dependency kind)
        : bits_(to | (static_cast<std::uint32_t>(kind) << kind_shift)) {}
    NodeIndex to() const { return bits_ & node_mask; }
    Dependency kind() const { return static_cast<Dependency>(bits_ >> kind_shift); }

   private:
    static constexpr std::uint32_t kind_shift = 29;
    static constexpr std::uint32_t node_mask = (1U << kind_shift) - 1;
    std::uint32_t bits_ = 0;
  };
  static constexpr std::size_t nodes_max = std::size_t{1} << 29U;

  std::size_t node_count() const { return offsets_.size() - 1; }
  std::size_t transaction_count() const { return transactions_; }
  std::size_t edge_count() const { return edges_.size(); }
  bool is_helper(NodeIndex node) const { return node >= transactions_; }
  /// Helpers of anti-dependencies come before those of real time.
  bool is_barrier(NodeIndex node) const { return node >= first_barrier_; }
  std::span<const Edge> edges(NodeIndex node) const {
    return std::span(edges_).subspan(offsets_[node], offsets_[node + 1] - offsets_[node]);
  }

 private:
  friend Dependencies dependencies_of(const Transactions& txns, const VersionOrders& orders,
                                      OrderBase base);
  friend Dependencies dependencies_from(std::size_t transactions,
                                        std::span<const DependencyEdge> edges);
  std::size_t transactions_ = 0;
  std::size_t first_barrier_ = 0;
  std::vector<std::uint32_t> offsets_{0};
  std::vector<Edge> edges_;
};

/// O(reads + versions + transactions log transactions) time, O(edges) space.
Dependencies dependencies_of(const Transactions& txns, const VersionOrders& orders, OrderBase base);
/// A graph without helpers, of edges that were found in another way. O(transactions + edges).
Dependencies dependencies_from(std::size_t transactions, std::span<const DependencyEdge> edges);

}  // namespace assay
