#pragma once
// A graph that must stay acyclic while edges come and go: a topological order kept up to date as in
// Pearce and Kelly, 2006. Adding an edge costs no more than the part of the graph between its ends
// in that order; taking the latest edges away costs nothing, as the order stays valid.

#include <cstdint>
#include <span>
#include <vector>

namespace assay::polygraph {

class AcyclicGraph {
 public:
  using Vertex = std::uint32_t;
  using Label = std::uint32_t;

  /// Numbers the vertices in an order that agrees with every edge added by add_fixed.
  explicit AcyclicGraph(std::size_t vertices);

  /// REQUIRES from < to.
  void add_fixed(Vertex from, Vertex to, Label label);
  /// False if the edge would close a cycle: then it is not added, and cycle() has the labels of the
  /// path from `to` back to `from`.
  bool add(Vertex from, Vertex to, Label label);
  /// Takes away the latest edges until `count` of those by add() are left.
  void shrink_to(std::size_t count);
  std::size_t added() const { return added_.size(); }
  std::span<const Label> cycle() const { return cycle_; }
  /// The labels of a path, if there is one; cycle() has them then.
  bool find_path(Vertex from, Vertex to);
  std::uint32_t position(Vertex v) const { return position_[v]; }

 private:
  struct Arc {
    Vertex to;
    Label label;
  };
  bool search_forward(Vertex from, Vertex to);
  void search_backward(Vertex from, std::uint32_t lowest);
  void reorder();
  void forget();

  std::vector<std::vector<Arc>> out_;
  std::vector<std::vector<Vertex>> in_;
  std::vector<std::uint32_t> position_;
  std::vector<std::pair<Vertex, Vertex>> added_;
  std::vector<Label> cycle_;
  // Of one search.
  std::vector<bool> seen_;
  std::vector<Arc> parent_;
  std::vector<Vertex> forward_;
  std::vector<Vertex> backward_;
  std::vector<std::uint32_t> places_;
};

}  // namespace assay::polygraph
