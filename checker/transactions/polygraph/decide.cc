#include "checker/transactions/polygraph/decide.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "checker/transactions/polygraph/components.h"
#include "checker/transactions/polygraph/constraints.h"
#include "checker/transactions/polygraph/solver.h"

namespace assay::polygraph {
namespace {

/// An edge that holds if a literal does. `anti`: in a parallel model no edge, but no path back.
struct Conditional {
  Edge edge;
  Literal literal;
  bool anti;
};

class Decider {
 public:
  Decider(const Facts& facts, const Rules& rules, const SearchLimits& limits)
      : rules_(rules), limits_(limits), graph_(facts, rules) {}

  Decision run() {
    switch (graph_.prune(limits_)) {
      case Settled::contradiction:
        out_.answer = Answer::contradiction;
        out_.suspects = graph_.suspects();
        return std::move(out_);
      case Settled::out_of_memory:
        out_.unknown_because = "the memory limit does not allow who precedes whom to be kept";
        return std::move(out_);
      case Settled::out_of_time:
        out_.unknown_because = "the time limit was reached while orders were deduced";
        return std::move(out_);
      case Settled::open:
        break;
    }
    out_.choices = graph_.choices().size() + graph_.open_reads().size();
    number_points();
    encode();
    if (!search()) return std::move(out_);
    arrange();
    return std::move(out_);
  }

 private:
  const Precedence& known() const { return graph_.precedence(); }

  void number_points() {
    position_.resize(known().size());
    const auto order = known().order();
    for (std::uint32_t i = 0; i < order.size(); ++i) position_[order[i]] = i;
  }

  Literal literal() { return {static_cast<Variable>(variables_++), true}; }
  void add(Edge edge, Literal l) {
    if (!known().reaches(edge.from, edge.to)) conditionals_.push_back({edge, l, false});
  }
  void add_anti(NodeId reader, NodeId later, Literal l) {
    const Edge edge = known().anti(reader, later);
    if (rules_.kind == Kind::parallel) {
      conditionals_.push_back({edge, l, true});
    } else {
      add(edge, l);
    }
  }

  void encode() {
    for (const Choice& choice : graph_.choices()) {
      const Literal forward = literal();
      phases_.push_back(position_[known().commit(head(choice.a))] <
                        position_[known().commit(head(choice.b))]);
      encode_side(choice.a, choice.b, forward);
      encode_side(choice.b, choice.a, ~forward);
    }
    for (const OpenRead& read : graph_.open_reads()) encode(read);
  }

  NodeId head(BlockId b) const { return graph_.writer(graph_.blocks()[b].head); }

  void encode_side(BlockId a, BlockId b, Literal l) {
    graph_.consequences(
        a, b, [&](Edge edge) { add(edge, l); },
        [&](NodeId reader, NodeId later) { add_anti(reader, later, l); });
  }

  /// One of the candidates is the writer; whichever it is, the reader comes before all that
  /// overwrite it.
  void encode(const OpenRead& read) {
    std::vector<Literal> clause;
    for (const NodeId from : read.candidates) {
      const Literal chosen = literal();
      phases_.push_back(clause.empty());
      clause.push_back(chosen);
      if (from == initial_writer) {
        for (const BlockId b : graph_.blocks_of(read.key)) precede(read.reader, head(b), chosen);
        continue;
      }
      add(known().reads_from(from, read.reader), chosen);
      const Version version = graph_.version_of(from, read.key);
      const Version next = graph_.next_in_block(version);
      if (next != no_version) {
        precede(read.reader, graph_.writer(next), chosen);
        continue;
      }
      encode_overwriters(read, graph_.block_of(version), chosen);
    }
    clauses_.push_back(std::move(clause));
  }

  void precede(NodeId reader, NodeId later, Literal l) {
    if (reader != later || rules_.doubled()) add_anti(reader, later, l);
  }

  void encode_overwriters(const OpenRead& read, BlockId mine, Literal chosen) {
    for (const BlockId other : graph_.blocks_of(read.key)) {
      if (other == mine) continue;
      const bool before = graph_.may_precede(mine, other);
      const bool after = graph_.may_precede(other, mine);
      if (!before) continue;
      if (!after) {
        precede(read.reader, head(other), chosen);
        continue;
      }
      const std::optional<Literal> ordered = literal_of(mine, other);
      // Undecided blocks without a choice can only be those that a bound on the rounds left.
      if (!ordered.has_value()) continue;
      const Literal both = literal();
      phases_.push_back(false);
      clauses_.push_back({~chosen, ~*ordered, both});
      precede(read.reader, head(other), both);
    }
  }

  /// That `a` comes before `b`.
  std::optional<Literal> literal_of(BlockId a, BlockId b) {
    if (choice_of_.empty()) {
      const auto choices = graph_.choices();
      for (std::uint32_t i = 0; i < choices.size(); ++i) {
        choice_of_.push_back({choices[i].a, choices[i].b, i});
      }
      std::sort(choice_of_.begin(), choice_of_.end());
    }
    for (const bool swapped : {false, true}) {
      const auto wanted = std::array<std::uint32_t, 3>{swapped ? b : a, swapped ? a : b, 0};
      const auto at = std::lower_bound(choice_of_.begin(), choice_of_.end(), wanted);
      if (at != choice_of_.end() && (*at)[0] == wanted[0] && (*at)[1] == wanted[1]) {
        return Literal((*at)[2], !swapped);
      }
    }
    return std::nullopt;
  }

  /// True if every component has an order.
  bool search() {
    values_.assign(variables_, false);
    for (std::size_t v = 0; v < variables_; ++v) values_[v] = phases_[v] ? 1 : 0;
    if (variables_ == 0) return true;
    std::vector<Edge> edges(known().edges().begin(), known().edges().end());
    for (const auto& [reader, later] : graph_.anti()) edges.push_back(known().anti(reader, later));
    for (const Conditional& c : conditionals_) edges.push_back(c.edge);
    const Components components = strong_components(known().size(), edges);
    std::vector<Part> parts = split(components);
    std::atomic<bool> stop = false;
    tbb::parallel_for(std::size_t{0}, parts.size(), [&](std::size_t i) {
      if (!stop) solve(parts[i]);
      if (parts[i].answer == Satisfiable::no) stop = true;
    });
    return conclude(parts);
  }

  /// The points, edges and variables of one component; with reads of several possible writers, of
  /// all components together, as their clauses may connect any.
  struct Part {
    std::vector<Point> points;
    std::vector<Edge> edges;
    std::vector<Edge> anti;
    std::vector<std::uint32_t> conditionals;
    std::vector<Variable> variables;
    Satisfiable answer = Satisfiable::unknown;
    bool solved = false;
    std::uint64_t conflicts = 0;
    std::vector<NodeId> suspects;
  };

  std::vector<Part> split(const Components& components) {
    const bool together = !clauses_.empty();
    constexpr std::uint32_t none = 0xffffffffU;
    std::vector<std::uint32_t> part_of(components.count, none);
    std::vector<Part> parts;
    const auto inner = [&](Edge edge) {
      return components.of[edge.from] == components.of[edge.to];
    };
    if (together) parts.resize(1);
    std::vector<bool> assigned(variables_, false);
    for (std::uint32_t c = 0; c < conditionals_.size(); ++c) {
      const Conditional& conditional = conditionals_[c];
      if (!inner(conditional.edge)) continue;
      std::uint32_t& part = part_of[components.of[conditional.edge.from]];
      if (part == none) {
        part = together ? 0 : static_cast<std::uint32_t>(parts.size());
        if (!together) parts.emplace_back();
      }
      parts[part].conditionals.push_back(c);
      const Variable v = conditional.literal.variable();
      if (!assigned[v]) parts[part].variables.push_back(v);
      assigned[v] = true;
    }
    if (together) {
      for (Variable v = 0; v < variables_; ++v) {
        if (!assigned[v]) parts[0].variables.push_back(v);
      }
    }
    for (const Point p : known().order()) {
      const std::uint32_t part = part_of[components.of[p]];
      if (part != none) parts[part].points.push_back(p);
    }
    for (const Edge& edge : known().edges()) {
      const std::uint32_t part = part_of[components.of[edge.from]];
      if (part != none && inner(edge)) parts[part].edges.push_back(edge);
    }
    for (const auto& [reader, later] : graph_.anti()) {
      const Edge edge = known().anti(reader, later);
      const std::uint32_t part = part_of[components.of[edge.from]];
      if (part != none && inner(edge)) parts[part].anti.push_back(edge);
    }
    return parts;
  }

  void solve(Part& part) {
    std::vector<std::pair<Point, std::uint32_t>> place;
    for (std::uint32_t i = 0; i < part.points.size(); ++i) place.emplace_back(part.points[i], i);
    std::sort(place.begin(), place.end());
    const auto local = [&](Point p) {
      return std::lower_bound(place.begin(), place.end(), std::pair(p, 0U))->second;
    };
    std::sort(part.variables.begin(), part.variables.end());
    const auto local_literal = [&](Literal l) {
      const auto at = std::lower_bound(part.variables.begin(), part.variables.end(), l.variable());
      return Literal(static_cast<Variable>(at - part.variables.begin()), l.positive());
    };
    Solver solver(part.points.size());
    for (const Variable v : part.variables) solver.add_variable(phases_[v]);
    for (const Edge& edge : part.edges) solver.add_fixed_edge(local(edge.from), local(edge.to));
    for (const Edge& edge : part.anti) solver.forbid_path(local(edge.to), local(edge.from));
    for (const std::uint32_t c : part.conditionals) {
      const Conditional& conditional = conditionals_[c];
      const Literal l = local_literal(conditional.literal);
      if (conditional.anti) {
        solver.forbid_path(local(conditional.edge.to), local(conditional.edge.from), l);
      } else {
        solver.add_edge(local(conditional.edge.from), local(conditional.edge.to), l);
      }
    }
    for (const auto& clause : clauses_) {
      std::vector<Literal> mapped;
      for (const Literal l : clause) mapped.push_back(local_literal(l));
      solver.add_clause(std::move(mapped));
    }
    part.answer = solver.solve(limits_);
    part.solved = true;
    part.conflicts = solver.conflicts();
    if (part.answer == Satisfiable::yes) {
      for (Variable v = 0; v < part.variables.size(); ++v) {
        values_[part.variables[v]] = solver.value(v) ? 1 : 0;
      }
    } else if (part.answer == Satisfiable::no) {
      note_suspects(part, solver);
    }
  }

  void note_suspects(Part& part, const Solver& solver) {
    constexpr std::size_t variables = 8;
    std::vector<bool> active(variables_, false);
    for (const Variable v : solver.most_active(variables)) active[part.variables[v]] = true;
    for (const std::uint32_t c : part.conditionals) {
      if (!active[conditionals_[c].literal.variable()]) continue;
      part.suspects.push_back(known().node(conditionals_[c].edge.from));
      part.suspects.push_back(known().node(conditionals_[c].edge.to));
    }
    std::sort(part.suspects.begin(), part.suspects.end());
    part.suspects.erase(std::unique(part.suspects.begin(), part.suspects.end()),
                        part.suspects.end());
  }

  bool conclude(std::vector<Part>& parts) {
    std::size_t undecided = 0;
    for (Part& part : parts) {
      out_.conflicts += part.conflicts;
      if (part.answer == Satisfiable::no && out_.answer != Answer::contradiction) {
        out_.answer = Answer::contradiction;
        out_.suspects = std::move(part.suspects);
      }
      if (part.answer == Satisfiable::unknown) ++undecided;
    }
    if (out_.answer == Answer::contradiction) return false;
    if (undecided == 0) return true;
    out_.unknown_because = fmt::format(
        "{} of {} choices of an order are left; {} of {} independent groups of them were not "
        "decided "
        "within the limits",
        variables_, out_.choices, undecided, parts.size());
    return false;
  }

  /// The known edges and the chosen ones, sorted.
  void arrange() {
    std::vector<Edge> chosen;
    for (const Conditional& c : conditionals_) {
      const bool holds = (values_[c.literal.variable()] != 0) == c.literal.positive();
      if (holds && !c.anti) chosen.push_back(c.edge);
    }
    out_.order = graph_.arrange(chosen);
    out_.answer = Answer::ordered;
  }

  Rules rules_;
  SearchLimits limits_;
  Polygraph graph_;
  Decision out_;
  std::vector<std::uint32_t> position_;
  std::size_t variables_ = 0;
  std::vector<bool> phases_;
  std::vector<Conditional> conditionals_;
  std::vector<std::vector<Literal>> clauses_;
  std::vector<std::array<std::uint32_t, 3>> choice_of_;
  std::vector<std::uint8_t> values_;  ///< by variable; parts write theirs concurrently
};

}  // namespace

Decision decide(const Facts& facts, const Rules& rules, const SearchLimits& limits) {
  return Decider(facts, rules, limits).run();
}

}  // namespace assay::polygraph
