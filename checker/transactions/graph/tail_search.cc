#include "checker/transactions/graph/tail_search.h"

#include <algorithm>
#include <utility>

#include "checker/transactions/graph/views.h"
#include "checker/transactions/polygraph/solver.h"

namespace assay {
namespace {

using polygraph::Literal;
using polygraph::Satisfiable;
using polygraph::Solver;
using polygraph::Variable;

constexpr std::size_t choices_max = 2'000'000;
constexpr NodeIndex nowhere = std::numeric_limits<NodeIndex>::max();

/// A view with a ring through the writers of each tail: what some order of the tails could close to
/// a cycle is strongly connected in it.
template <class View>
class RingView {
 public:
  RingView(const View& view, std::vector<std::vector<NodeIndex>> rings)
      : view_(view), rings_(std::move(rings)) {}
  std::size_t size() const { return view_.size(); }
  bool next(NodeIndex node, std::uint32_t& cursor, NodeIndex& to) const {
    constexpr std::uint32_t beyond = 1U << 31U;
    if ((cursor & beyond) == 0) {
      if (view_.next(node, cursor, to)) return true;
      cursor = beyond;
    }
    const std::uint32_t at = cursor & ~beyond;
    if (at >= rings_[node].size()) return false;
    to = rings_[node][at];
    ++cursor;
    return true;
  }

 private:
  const View& view_;
  std::vector<std::vector<NodeIndex>> rings_;  ///< by node: more successors
};

class TailSearch {
 public:
  TailSearch(const VersionOrders& orders, const LevelRule& rule, const Dependencies& graph,
             const SearchLimits& limits)
      : orders_(orders),
        snapshots_(rule.test == LevelTest::snapshot),
        graph_(graph),
        limits_(limits) {}

  TailOrder run() {
    std::size_t choices = 0;
    for (TxnKey k = 0; k + 1 < orders_.begin.size(); ++k) {
      const std::size_t size = orders_.tail(k).size();
      choices += size * size / 2;
    }
    if (choices > choices_max) return {};
    if (snapshots_) {
      search(SnapshotView(graph_, false));
    } else {
      search(SerialView(graph_, all_but_anti), SerialView(graph_, all_dependencies));
    }
    return std::move(out_);
  }

 private:
  NodeIndex begin(TxnIndex t) const { return snapshots_ ? 2 * t : t; }
  NodeIndex commit(TxnIndex t) const { return snapshots_ ? 2 * t + 1 : t; }

  template <class View>
  void search(const View& view) {
    search(view, view);
  }

  /// `whole`: with the anti-dependencies too, if they are no edges of `view`.
  template <class View, class Whole>
  void search(const View& view, const Whole& whole) {
    rank_.assign(view.size(), nowhere);
    const auto order = linear_order(view);
    for (NodeIndex i = 0; i < order.size(); ++i) rank_[order[i]] = i;
    std::vector<std::vector<NodeIndex>> rings(view.size());
    for (TxnKey k = 0; k + 1 < orders_.begin.size(); ++k) {
      const auto tail = orders_.tail(k);
      for (std::size_t i = 0; i < tail.size() && tail.size() > 1; ++i) {
        rings[commit(tail[i])].push_back(begin(tail[(i + 1) % tail.size()]));
      }
    }
    const RingView ringed(whole, std::move(rings));
    part_of_.assign(view.size(), nowhere);
    local_.assign(view.size(), nowhere);
    auto parts = components(ringed, linear_order(ringed));
    for (NodeIndex p = 0; p < parts.size(); ++p) {
      std::sort(parts[p].begin(), parts[p].end(),
                [&](NodeIndex a, NodeIndex b) { return rank_[a] < rank_[b]; });
      for (NodeIndex i = 0; i < parts[p].size(); ++i) {
        part_of_[parts[p][i]] = p;
        local_[parts[p][i]] = i;
      }
    }
    const auto choices = split(parts.size());
    out_.answer = TailAnswer::ordered;
    before_.assign(orders_.writer.size(), 0);
    for (NodeIndex p = 0; p < parts.size(); ++p) {
      if (choices[p].empty()) continue;
      if (!solve(view, parts[p], choices[p])) return;
    }
    for (TxnKey k = 0; k + 1 < orders_.begin.size(); ++k) add_steps(k);
  }

  /// Two versions of one tail.
  struct Choice {
    std::uint32_t a;
    std::uint32_t b;
  };

  /// By part; those whose ends are in different parts are decided by the ranks.
  std::vector<std::vector<Choice>> split(std::size_t parts) const {
    std::vector<std::vector<Choice>> choices(parts);
    for (TxnKey k = 0; k + 1 < orders_.begin.size(); ++k) {
      const auto first = static_cast<std::uint32_t>(orders_.begin[k] + orders_.known[k]);
      const auto end = static_cast<std::uint32_t>(orders_.begin[k + 1]);
      for (std::uint32_t a = first; a < end; ++a) {
        for (std::uint32_t b = a + 1; b < end; ++b) {
          // A ring makes the tail strongly connected.
          choices[part_of_[commit(orders_.writer[a])]].push_back({a, b});
        }
      }
    }
    return choices;
  }

  /// False if there is no order of this part, or none was found.
  template <class View>
  bool solve(const View& view, const std::vector<NodeIndex>& nodes,
             const std::vector<Choice>& choices) {
    Solver solver(nodes.size());
    const NodeIndex part = part_of_[nodes[0]];
    for (const NodeIndex node : nodes) {
      NodeIndex to = 0;
      for (std::uint32_t cursor = 0; view.next(node, cursor, to);) {
        if (part_of_[to] == part) solver.add_fixed_edge(local_[node], local_[to]);
      }
      if (!snapshots_ && !graph_.is_helper(node)) forbid_ways_back(node, solver);
    }
    for (const Choice& choice : choices) {
      const TxnIndex a = orders_.writer[choice.a];
      const TxnIndex b = orders_.writer[choice.b];
      const Literal forward(solver.add_variable(rank_[commit(a)] < rank_[commit(b)]), true);
      solver.add_edge(local_[commit(a)], local_[begin(b)], forward);
      solver.add_edge(local_[commit(b)], local_[begin(a)], ~forward);
    }
    const Satisfiable answer = solver.solve(limits_);
    if (answer == Satisfiable::yes) {
      for (Variable v = 0; v < choices.size(); ++v) {
        ++before_[solver.value(v) ? choices[v].b : choices[v].a];
      }
      return true;
    }
    out_.answer = answer == Satisfiable::no ? TailAnswer::contradiction : TailAnswer::unknown;
    if (answer != Satisfiable::no) return false;
    const auto end = static_cast<NodeIndex>(graph_.transaction_count() * (snapshots_ ? 2 : 1));
    for (const NodeIndex node : nodes) {
      if (node < end) out_.transactions.push_back(snapshots_ ? node / 2 : node);
    }
    std::sort(out_.transactions.begin(), out_.transactions.end());
    out_.transactions.erase(std::unique(out_.transactions.begin(), out_.transactions.end()),
                            out_.transactions.end());
    return false;
  }

  /// Whoever overwrote what a transaction read must not be seen by it.
  void forbid_ways_back(NodeIndex reader, Solver& solver) const {
    std::vector<NodeIndex> open;
    for (const auto edge : graph_.edges(reader)) {
      if (edge.kind() == Dependency::rw) open.push_back(edge.to());
    }
    while (!open.empty()) {
      const NodeIndex node = open.back();
      open.pop_back();
      if (!graph_.is_helper(node)) {
        if (node != reader && part_of_[node] == part_of_[reader]) {
          solver.forbid_path(local_[node], local_[reader]);
        }
        continue;
      }
      for (const auto edge : graph_.edges(node)) open.push_back(edge.to());
    }
  }

  void add_steps(TxnKey k) {
    const auto first = static_cast<std::uint32_t>(orders_.begin[k] + orders_.known[k]);
    const auto end = static_cast<std::uint32_t>(orders_.begin[k + 1]);
    std::vector<std::uint32_t> tail;
    for (std::uint32_t v = first; v < end; ++v) tail.push_back(v);
    std::sort(tail.begin(), tail.end(),
              [&](std::uint32_t a, std::uint32_t b) { return before_[a] < before_[b]; });
    for (std::size_t i = 1; i < tail.size(); ++i) {
      out_.steps.push_back({k, tail[i - 1], tail[i], orders_.writer[tail[i]]});
    }
  }

  const VersionOrders& orders_;
  bool snapshots_;
  const Dependencies& graph_;
  SearchLimits limits_;
  std::vector<NodeIndex> rank_;
  std::vector<NodeIndex> part_of_;
  std::vector<NodeIndex> local_;
  std::vector<std::uint32_t> before_;  ///< by version: how many of its tail come before it
  TailOrder out_;
};

}  // namespace

TailOrder order_tails(const VersionOrders& orders, const LevelRule& rule, const Dependencies& graph,
                      const SearchLimits& limits) {
  return TailSearch(orders, rule, graph, limits).run();
}

}  // namespace assay
