#pragma once
// What certainly comes before what: a growing graph of points (the transactions, or their begins
// and commits) and carriers (nodes that stand for all edges from one set of points to another), and
// who reaches whom in it.
//
// Reachability: where the points fall into few chains (sessions), a clock a point, O(chains) an
// edge to compute and O(1) to ask. Otherwise one bit for every two points.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/transactions/polygraph/facts.h"
#include "checker/transactions/polygraph/rules.h"

namespace assay::polygraph {

using Point = std::uint32_t;

struct Edge {
  Point from;
  Point to;
  bool operator==(const Edge&) const = default;
};

class Precedence {
 public:
  /// With the edges of sessions and of real time, as far as `rules` ask for them.
  Precedence(const Facts& facts, const Rules& rules);

  Point begin(NodeId n) const { return doubled_ ? 2 * n : n; }
  Point commit(NodeId n) const { return doubled_ ? 2 * n + 1 : n; }
  bool is_carrier(Point p) const { return p >= carriers_from_; }
  NodeId node(Point p) const { return doubled_ ? p / 2 : p; }

  // The edge of each kind of dependency, in the graph of this model. An anti-dependency is no edge
  // if the model is parallel: there it only forbids a path backwards.
  Edge reads_from(NodeId writer, NodeId reader) const { return {commit(writer), begin(reader)}; }
  Edge overwrites(NodeId earlier, NodeId later) const {
    return {commit(earlier), kind_ == Kind::prefix ? commit(later) : begin(later)};
  }
  Edge anti(NodeId reader, NodeId later) const { return {begin(reader), commit(later)}; }

  void add(Edge edge) { edges_.push_back(edge); }
  Point add_carrier() { return static_cast<Point>(size_++); }
  std::size_t size() const { return size_; }
  std::span<const Edge> edges() const { return edges_; }

  /// Orders the points topologically. False if there is a cycle: then cycle() has its points.
  bool sort();
  std::span<const Point> order() const { return order_; }
  std::span<const Point> cycle() const { return cycle_; }

  /// After sort(). False if the memory does not suffice.
  bool compute_reach(std::uint64_t memory_bytes);
  /// Is there a path of at least one edge? REQUIRES that both are no carriers, and compute_reach().
  bool reaches(Point from, Point to) const {
    if (use_clocks_) return from != to && clock(to)[chain_[from]] > place_[from];
    return ((bits_[std::size_t{to} * words_ + from / 64] >> (from % 64)) & 1U) != 0;
  }
  bool has_chains() const { return use_clocks_; }
  std::uint32_t chain_count() const { return chains_; }
  std::uint32_t chain(Point p) const { return chain_[p]; }
  std::uint32_t place(Point p) const { return place_[p]; }
  /// By chain: how many of its points reach `p`, itself included.
  std::span<const std::uint32_t> clock(Point p) const {
    return std::span(clocks_).subspan(std::size_t{p} * chains_, chains_);
  }

 private:
  void add_sessions(const Facts& facts);
  void add_real_time(const Facts& facts);
  void index_edges();
  void find_cycle(std::vector<std::uint32_t>& missing);
  void compute_clocks();
  bool compute_bits(std::uint64_t memory_bytes);

  Kind kind_;
  bool doubled_;
  bool use_clocks_;
  std::size_t carriers_from_;
  std::size_t size_;
  std::vector<Edge> edges_;
  std::vector<std::uint32_t> first_out_;
  std::vector<Point> out_;
  std::vector<Point> order_;
  std::vector<Point> cycle_;
  std::uint32_t chains_ = 0;
  std::vector<std::uint32_t> chain_;
  std::vector<std::uint32_t> place_;
  std::vector<std::uint32_t> clocks_;
  std::size_t words_ = 0;
  std::vector<std::uint64_t> bits_;
};

}  // namespace assay::polygraph
