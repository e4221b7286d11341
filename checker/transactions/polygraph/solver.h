#pragma once
// A small CDCL solver for clauses whose literals also put edges into a graph that must stay acyclic
// (and forbid paths in it). Two watched literals, VSIDS with phase saving, first-UIP learning, Luby
// restarts; a cycle becomes the clause of the literals of its edges.
//
// Sources: Marques-Silva and Sakallah, 1999; Moskewicz et al., "Chaff", 2001; Eén and Sörensson,
// "MiniSat", 2003; for the theory Bayless et al., "MonoSAT", 2015. Not thread-safe.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/transactions/polygraph/acyclic.h"

namespace assay::polygraph {

using Variable = std::uint32_t;

/// A variable or its negation.
struct Literal {
  std::uint32_t code = 0;
  Literal() = default;
  Literal(Variable v, bool positive) : code(2 * v + (positive ? 0U : 1U)) {}
  Variable variable() const { return code / 2; }
  bool positive() const { return (code & 1U) == 0; }
  Literal operator~() const {
    Literal other;
    other.code = code ^ 1U;
    return other;
  }
  bool operator==(const Literal&) const = default;
};

enum class Satisfiable : std::uint8_t { yes, no, unknown };

class Solver {
 public:
  /// Vertices are numbered in an order that agrees with the fixed edges.
  explicit Solver(std::size_t vertices) : graph_(vertices) {}

  /// `phase`: what to try first.
  Variable add_variable(bool phase);
  void add_clause(std::vector<Literal> clause);
  void add_fixed_edge(AcyclicGraph::Vertex from, AcyclicGraph::Vertex to);
  void add_edge(AcyclicGraph::Vertex from, AcyclicGraph::Vertex to, Literal if_true);
  /// No path from `from` to `to` if the literal holds; always, if there is none.
  void forbid_path(AcyclicGraph::Vertex from, AcyclicGraph::Vertex to);
  void forbid_path(AcyclicGraph::Vertex from, AcyclicGraph::Vertex to, Literal if_true);

  Satisfiable solve(const SearchLimits& limits);
  /// REQUIRES solve() to have said yes.
  bool value(Variable v) const { return values_[2 * v] > 0; }
  std::uint64_t conflicts() const { return conflicts_; }
  /// Variables that took part in conflicts most and latest, most first: where a contradiction is.
  std::vector<Variable> most_active(std::size_t count) const;

 private:
  static constexpr std::uint32_t none = 0xffffffffU;
  struct Clause {
    std::uint32_t first;
    std::uint32_t size;
    float activity;
    bool learnt;
    bool deleted;
  };
  struct Watch {
    std::uint32_t clause;
    Literal other;
  };
  struct ConditionalEdge {
    AcyclicGraph::Vertex from;
    AcyclicGraph::Vertex to;
  };
  struct Forbidden {
    AcyclicGraph::Vertex from;
    AcyclicGraph::Vertex to;
    std::uint32_t label;
  };

  std::int8_t value(Literal l) const { return values_[l.code]; }
  std::uint32_t level() const { return static_cast<std::uint32_t>(level_begin_.size()); }
  void assign(Literal l, std::uint32_t reason);
  bool propagate();
  bool propagate_clauses(Literal l);
  bool add_edges_of(Literal l);
  bool check_forbidden();
  void conflict_of_path(std::span<const AcyclicGraph::Label> labels, std::uint32_t extra);
  bool learn();
  void analyze(std::vector<Literal>& learnt, std::uint32_t& back_to);
  void backtrack(std::uint32_t to);
  std::uint32_t attach(std::span<const Literal> clause, bool learnt);
  void reduce();
  bool decide();
  void bump(Variable v);
  void heap_up(std::size_t at);
  void heap_down(std::size_t at);
  void heap_insert(Variable v);

  AcyclicGraph graph_;
  std::vector<std::int8_t> values_;  ///< by literal: 1 true, -1 false, 0 open
  std::vector<bool> phase_;
  std::vector<std::uint32_t> level_of_;
  std::vector<std::uint32_t> reason_;
  std::vector<double> activity_;
  std::vector<Variable> heap_;
  std::vector<std::uint32_t> heap_at_;
  double increment_ = 1;
  std::vector<Literal> literals_;
  std::vector<Clause> clauses_;
  std::size_t learnt_ = 0;
  float clause_increment_ = 1;
  std::vector<std::vector<Watch>> watches_;
  std::vector<Literal> trail_;
  std::vector<std::size_t> level_begin_;
  std::size_t next_clauses_ = 0;           ///< of the trail: first whose clauses were not visited
  std::size_t next_edges_ = 0;             ///< of the trail: first whose edges were not added
  std::vector<std::size_t> edges_before_;  ///< by trail position: edges in the graph before it
  std::vector<std::vector<ConditionalEdge>> edges_;  ///< by literal
  std::vector<Forbidden> forbidden_;
  std::vector<Literal> conflict_;  ///< all false
  std::vector<bool> marked_;
  std::uint64_t conflicts_ = 0;
  bool contradiction_ = false;
};

}  // namespace assay::polygraph
