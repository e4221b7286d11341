#pragma once
// Views of the dependencies as plain graphs in which a cycle is exactly what a level forbids, a
// linear order of an acyclic one, and the strongly connected components of any other.

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "checker/transactions/graph/dependencies.h"

namespace assay {

/// A set of Dependency kinds; `through` always belongs to it.
using DependencySet = std::uint8_t;
constexpr DependencySet set_of(Dependency kind) {
  return static_cast<DependencySet>(1U << static_cast<unsigned>(kind));
}
inline constexpr DependencySet writes_only = set_of(Dependency::ww);
inline constexpr DependencySet all_but_anti = set_of(Dependency::ww) | set_of(Dependency::wr) |
                                              set_of(Dependency::process) |
                                              set_of(Dependency::realtime);
inline constexpr DependencySet all_dependencies = all_but_anti | set_of(Dependency::rw);

/// One node a transaction; edges of some kinds only.
class SerialView {
 public:
  SerialView(const Dependencies& graph, DependencySet kinds) : graph_(graph), kinds_(kinds) {}
  std::size_t size() const { return graph_.node_count(); }
  /// Steps `cursor` (from 0 on) over the successors of `node`; false at their end.
  bool next(NodeIndex node, std::uint32_t& cursor, NodeIndex& to) const {
    const auto edges = graph_.edges(node);
    while (cursor < edges.size()) {
      const auto edge = edges[cursor++];
      if (edge.kind() != Dependency::through && (kinds_ & set_of(edge.kind())) == 0) continue;
      to = edge.to();
      return true;
    }
    return false;
  }

 private:
  const Dependencies& graph_;
  DependencySet kinds_;
};

/// Two nodes a transaction, its snapshot 2 t and its commit 2 t + 1: a cycle here is one without
/// two anti-dependencies in a row. That is what snapshot isolation forbids (Cerone and Gotsman,
/// 2016; begin and commit nodes as in "Viper", 2023). Prefix consistency lets a ww dependency order
/// the commits only.
class SnapshotView {
 public:
  SnapshotView(const Dependencies& graph, bool prefix)
      : graph_(graph),
        prefix_(prefix),
        transactions_(static_cast<NodeIndex>(graph.transaction_count())) {}
  std::size_t size() const { return graph_.node_count() + transactions_; }
  bool next(NodeIndex node, std::uint32_t& cursor, NodeIndex& to) const {
    if (node >= 2 * transactions_) return next_of_helper(node - transactions_, cursor, to);
    const NodeIndex t = node / 2;
    const bool begin = node % 2 == 0;
    const auto edges = graph_.edges(t);
    if (begin && cursor == 0) {
      ++cursor;
      to = node + 1;
      return true;
    }
    for (const std::uint32_t first = begin ? 1 : 0; cursor - first < edges.size();) {
      const auto edge = edges[cursor++ - first];
      if ((edge.kind() == Dependency::rw) != begin) continue;
      if (graph_.is_helper(edge.to())) {
        to = edge.to() + transactions_;
      } else {
        to = 2 * edge.to() + (begin || (prefix_ && edge.kind() == Dependency::ww) ? 1 : 0);
      }
      return true;
    }
    return false;
  }
  /// The transaction of a node, or a helper.
  NodeIndex graph_node(NodeIndex node) const {
    return node < 2 * transactions_ ? node / 2 : node - transactions_;
  }

 private:
  bool next_of_helper(NodeIndex helper, std::uint32_t& cursor, NodeIndex& to) const {
    const auto edges = graph_.edges(helper);
    if (cursor >= edges.size()) return false;
    const NodeIndex target = edges[cursor++].to();
    to = graph_.is_helper(target) ? target + transactions_
                                  : 2 * target + (graph_.is_barrier(helper) ? 0 : 1);
    return true;
  }

  const Dependencies& graph_;
  bool prefix_;
  NodeIndex transactions_;
};

/// By node, the edges that lead to it.
template <class View>
std::vector<std::uint32_t> predecessor_counts(const View& view) {
  constexpr NodeIndex grain = 100'000;
  std::vector<std::uint32_t> counts(view.size(), 0);
  const auto each_edge = [&](NodeIndex begin, NodeIndex end, const auto& visit) {
    for (NodeIndex node = begin; node < end; ++node) {
      NodeIndex to = 0;
      for (std::uint32_t cursor = 0; view.next(node, cursor, to);) visit(to);
    }
  };
  const auto size = static_cast<NodeIndex>(view.size());
  if (size <= grain || tbb::this_task_arena::max_concurrency() == 1) {
    each_edge(0, size, [&](NodeIndex to) { ++counts[to]; });
    return counts;
  }
  tbb::parallel_for(tbb::blocked_range<NodeIndex>(0, size, grain), [&](const auto& range) {
    each_edge(range.begin(), range.end(), [&](NodeIndex to) {
      std::atomic_ref(counts[to]).fetch_add(1, std::memory_order_relaxed);
    });
  });
  return counts;
}

/// An order of the nodes along all edges, as far as it goes: what is left is on a cycle or behind
/// one. O(nodes + edges).
template <class View>
std::vector<NodeIndex> linear_order(const View& view) {
  std::vector<std::uint32_t> before = predecessor_counts(view);
  std::vector<NodeIndex> order;
  order.reserve(view.size());
  for (NodeIndex start = 0; start < view.size(); ++start) {
    if (before[start] != 0) continue;
    // Nodes are taken as soon as they are free, near the one that freed them: in memory too.
    before[start] = std::numeric_limits<std::uint32_t>::max();
    std::size_t taken = order.size();
    order.push_back(start);
    for (; taken < order.size(); ++taken) {
      const NodeIndex node = order[taken];
      NodeIndex to = 0;
      for (std::uint32_t cursor = 0; view.next(node, cursor, to);) {
        if (--before[to] != 0) continue;
        before[to] = std::numeric_limits<std::uint32_t>::max();
        order.push_back(to);
      }
    }
  }
  return order;
}

/// An order of the nodes of an acyclic view along all edges, in which those that are `late` come as
/// late as they can. O(nodes + edges).
template <class View, class Late>
std::vector<NodeIndex> late_order(const View& view, const Late& late) {
  std::vector<std::size_t> begin(view.size() + 1, 0);
  std::vector<std::uint32_t> after(view.size(), 0);
  const auto each_edge = [&](const auto& visit) {
    for (NodeIndex node = 0; node < view.size(); ++node) {
      NodeIndex to = 0;
      for (std::uint32_t cursor = 0; view.next(node, cursor, to);) visit(node, to);
    }
  };
  each_edge([&](NodeIndex from, NodeIndex to) {
    ++begin[to + std::size_t{1}];
    ++after[from];
  });
  std::partial_sum(begin.begin(), begin.end(), begin.begin());
  std::vector<NodeIndex> before(begin.back());
  std::vector<std::size_t> next(begin.begin(), begin.end() - 1);
  each_edge([&](NodeIndex from, NodeIndex to) { before[next[to]++] = from; });
  // From the end backwards.
  std::vector<NodeIndex> order;
  std::vector<NodeIndex> free_late;
  std::vector<NodeIndex> free_others;
  const auto release = [&](NodeIndex node) {
    (late(node) ? free_late : free_others).push_back(node);
  };
  for (NodeIndex node = 0; node < view.size(); ++node) {
    if (after[node] == 0) release(node);
  }
  while (!free_late.empty() || !free_others.empty()) {
    auto& free = free_late.empty() ? free_others : free_late;
    const NodeIndex node = free.back();
    free.pop_back();
    order.push_back(node);
    for (std::size_t i = begin[node]; i < begin[node + std::size_t{1}]; ++i) {
      if (--after[before[i]] == 0) release(before[i]);
    }
  }
  std::reverse(order.begin(), order.end());
  return order;
}

/// The strongly connected components with two or more nodes, among the nodes that `order` does not
/// hold. Tarjan, 1972, without recursion. O(nodes + edges).
template <class View>
std::vector<std::vector<NodeIndex>> components(const View& view,
                                               const std::vector<NodeIndex>& order) {
  constexpr std::uint32_t unvisited = 0;
  constexpr std::uint32_t done = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> number(view.size(), unvisited);
  for (const NodeIndex node : order) number[node] = done;
  struct Frame {
    NodeIndex node;
    std::uint32_t cursor;
    std::uint32_t low;
  };
  std::vector<Frame> path;
  std::vector<NodeIndex> open;
  std::vector<std::vector<NodeIndex>> result;
  std::uint32_t count = 0;
  const auto enter = [&](NodeIndex node) {
    number[node] = ++count;
    open.push_back(node);
    path.push_back({node, 0, count});
  };
  for (NodeIndex start = 0; start < view.size(); ++start) {
    if (number[start] != unvisited) continue;
    enter(start);
    while (!path.empty()) {
      NodeIndex to = 0;
      if (view.next(path.back().node, path.back().cursor, to)) {
        if (number[to] == unvisited) {
          enter(to);
        } else if (number[to] != done) {
          path.back().low = std::min(path.back().low, number[to]);
        }
        continue;
      }
      const Frame frame = path.back();
      path.pop_back();
      if (!path.empty()) path.back().low = std::min(path.back().low, frame.low);
      if (frame.low != number[frame.node]) continue;
      std::vector<NodeIndex> component;
      NodeIndex member = 0;
      do {
        member = open.back();
        open.pop_back();
        number[member] = done;
        component.push_back(member);
      } while (member != frame.node);
      if (component.size() > 1) result.push_back(std::move(component));
    }
  }
  return result;
}

}  // namespace assay
