// Cycles that must be found when a level is violated: those of the views, and those with exactly
// one anti-dependency.
#include <algorithm>
#include <array>
#include <deque>
#include <functional>

#include "checker/transactions/graph/cycles.h"
#include "checker/transactions/graph/views.h"

namespace assay {
namespace {

constexpr std::uint32_t none = 0xFFFFFFFF;

/// A short closed way in a component: the shortest through any of its nodes, or through some of
/// them if it is large.
template <class View>
std::vector<NodeIndex> short_way(const View& view, std::vector<NodeIndex> nodes) {
  constexpr std::size_t starts_max = 64;
  std::sort(nodes.begin(), nodes.end());
  std::vector<std::vector<std::uint32_t>> next(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    NodeIndex to = 0;
    for (std::uint32_t cursor = 0; view.next(nodes[i], cursor, to);) {
      const auto at = std::lower_bound(nodes.begin(), nodes.end(), to);
      if (at != nodes.end() && *at == to) {
        next[i].push_back(static_cast<std::uint32_t>(at - nodes.begin()));
      }
    }
  }
  std::vector<NodeIndex> best;
  std::vector<std::uint32_t> from(nodes.size());
  const std::size_t stride = std::max<std::size_t>(1, nodes.size() / starts_max);
  for (std::size_t start = 0; start < nodes.size(); start += stride) {
    std::fill(from.begin(), from.end(), none);
    std::vector<std::uint32_t> queue{static_cast<std::uint32_t>(start)};
    for (std::size_t at = 0; at < queue.size() && from[start] == none; ++at) {
      for (const std::uint32_t to : next[queue[at]]) {
        if (from[to] != none) continue;
        from[to] = queue[at];
        queue.push_back(to);
      }
    }
    std::vector<NodeIndex> way;
    auto at = static_cast<std::uint32_t>(start);
    do {
      at = from[at];
      way.push_back(nodes[at]);
    } while (at != start);
    std::reverse(way.begin(), way.end());
    if (best.empty() || way.size() < best.size()) best = std::move(way);
  }
  return best;
}

/// The closed way without helpers. `kind_of(i)`: the kind of the step out of way[i].
template <class KindOf>
Cycle contract(const Dependencies& graph, const std::vector<NodeIndex>& way,
               const KindOf& kind_of) {
  const std::size_t n = way.size();
  std::size_t first = 0;
  while (graph.is_helper(way[first])) ++first;
  Cycle cycle;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = (first + i) % n;
    // Two nodes of one transaction: the way leaves it by the second.
    if (graph.is_helper(way[at]) || (n > 1 && way[at] == way[(at + 1) % n])) continue;
    cycle.transactions.push_back(way[at]);
    cycle.kinds.push_back(kind_of(at));
  }
  return cycle;
}

/// May `kind` follow `before` in a cycle of the snapshot view?
bool may_follow(Dependency before, Dependency kind, bool prefix) {
  if (kind != Dependency::rw) return true;
  return before != Dependency::rw && !(prefix && before == Dependency::ww);
}

/// A way that meets a transaction twice is two cycles, and at least one of them is forbidden too:
/// if neither were, each would join two steps that the way itself must not have joined.
Cycle made_simple(Cycle cycle, bool prefix) {
  const auto allowed = [&](const Cycle& part) {
    const std::size_t n = part.kinds.size();
    for (std::size_t i = 0; i < n; ++i) {
      if (!may_follow(part.kinds[(i + n - 1) % n], part.kinds[i], prefix)) return false;
    }
    return n > 1;
  };
  for (std::size_t i = 0; i < cycle.transactions.size(); ++i) {
    for (std::size_t j = i + 1; j < cycle.transactions.size(); ++j) {
      if (cycle.transactions[i] != cycle.transactions[j]) continue;
      const auto a = static_cast<std::ptrdiff_t>(i);
      const auto b = static_cast<std::ptrdiff_t>(j);
      Cycle inner{{cycle.transactions.begin() + a, cycle.transactions.begin() + b},
                  {cycle.kinds.begin() + a, cycle.kinds.begin() + b}};
      Cycle outer = cycle;
      outer.transactions.erase(outer.transactions.begin() + a, outer.transactions.begin() + b);
      outer.kinds.erase(outer.kinds.begin() + a, outer.kinds.begin() + b);
      return made_simple(allowed(inner) ? std::move(inner) : std::move(outer), prefix);
    }
  }
  return cycle;
}

Dependency kind_between(const Dependencies& graph, NodeIndex from, NodeIndex to,
                        DependencySet kinds) {
  for (const auto edge : graph.edges(from)) {
    if (edge.to() == to && (kinds & set_of(edge.kind())) != 0) return edge.kind();
  }
  return Dependency::through;
}

}  // namespace

std::optional<Cycle> find_serial_cycle(const Dependencies& graph, std::uint8_t kinds) {
  const SerialView view(graph, kinds);
  const auto all = components(view, linear_order(view));
  if (all.empty()) return std::nullopt;
  const auto smallest = std::min_element(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  const auto way = short_way(view, *smallest);
  return contract(graph, way, [&](std::size_t i) {
    return kind_between(graph, way[i], way[(i + 1) % way.size()], kinds);
  });
}

std::optional<Cycle> find_snapshot_cycle(const Dependencies& graph, bool prefix) {
  const SnapshotView view(graph, prefix);
  const auto all = components(view, linear_order(view));
  if (all.empty()) return std::nullopt;
  const auto smallest = std::min_element(
      all.begin(), all.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
  const auto way = short_way(view, *smallest);
  std::vector<NodeIndex> nodes;
  for (const NodeIndex node : way) nodes.push_back(view.graph_node(node));
  Cycle cycle = contract(graph, nodes, [&](std::size_t i) {
    const std::size_t next = (i + 1) % nodes.size();
    DependencySet kinds = all_but_anti;
    if (!graph.is_helper(nodes[i]) && way[i] % 2 == 0) {
      kinds = set_of(Dependency::rw);
    } else if (prefix && !graph.is_helper(nodes[next])) {
      // A ww dependency leads to the commit, the others to the snapshot.
      kinds = way[next] % 2 == 1 ? writes_only : all_but_anti & ~writes_only;
    }
    return kind_between(graph, nodes[i], nodes[next], kinds);
  });
  return made_simple(std::move(cycle), prefix);
}

namespace {

/// Anti-dependencies a → b with a way from b to a that has none. Sixty-four of them at a time are
/// followed through the dependencies in their linear order, each batch only over its own stretch.
class SingleSearch {
 public:
  SingleSearch(const Dependencies& graph, const std::vector<NodeIndex>& order, std::uint64_t work)
      : graph_(graph), order_(order), rank_(graph.node_count(), 0), work_(work) {
    for (std::size_t i = 0; i < order.size(); ++i) rank_[order[i]] = static_cast<std::uint32_t>(i);
  }

  std::optional<Cycle> run(const std::vector<std::vector<NodeIndex>>& all) {
    std::vector<std::uint32_t> component(graph_.node_count(), none);
    for (std::uint32_t c = 0; c < all.size(); ++c) {
      for (const NodeIndex node : all[c]) component[node] = c;
    }
    std::vector<Anti> antis;
    const auto add = [&](NodeIndex reader, NodeIndex writer) {
      // Ways lead forward in the order, so the writer must come before the reader in it.
      if (reader != writer && component[writer] == component[reader] &&
          rank_[writer] < rank_[reader]) {
        antis.push_back({rank_[writer], rank_[reader]});
      }
    };
    for (const auto& nodes : all) {
      for (const NodeIndex node : nodes) {
        if (graph_.is_helper(node)) continue;
        for (const auto edge : graph_.edges(node)) {
          if (edge.kind() != Dependency::rw) continue;
          each_behind(edge.to(), [&](NodeIndex writer) { add(node, writer); });
        }
      }
    }
    std::sort(antis.begin(), antis.end(), [](const Anti& a, const Anti& b) {
      return a.writer != b.writer ? a.writer < b.writer : a.reader < b.reader;
    });
    reached_.assign(order_.size(), 0);
    for (std::size_t begin = 0; begin < antis.size() && work_ != 0; begin += 64) {
      const std::size_t end = std::min(begin + 64, antis.size());
      for (std::size_t i = begin; i < end; ++i) {
        reached_[antis[i].writer] |= std::uint64_t{1} << (i - begin);
      }
      if (auto found = follow(antis, begin, end)) return found;
    }
    return std::nullopt;
  }

 private:
  struct Anti {
    std::uint32_t writer;  ///< ranks
    std::uint32_t reader;
  };

  template <class Visit>
  void each_behind(NodeIndex node, const Visit& visit) {
    if (!graph_.is_helper(node)) {
      visit(node);
      return;
    }
    std::vector<NodeIndex> stack{node};
    while (!stack.empty()) {
      const NodeIndex helper = stack.back();
      stack.pop_back();
      for (const auto edge : graph_.edges(helper)) {
        if (graph_.is_helper(edge.to())) {
          stack.push_back(edge.to());
        } else {
          visit(edge.to());
        }
      }
    }
  }

  std::optional<Cycle> follow(const std::vector<Anti>& antis, std::size_t begin, std::size_t end) {
    std::uint32_t last = 0;
    for (std::size_t i = begin; i < end; ++i) last = std::max(last, antis[i].reader);
    std::optional<Cycle> found;
    work_ -= std::min<std::uint64_t>(work_, last - antis[begin].writer + 1);
    for (std::uint32_t at = antis[begin].writer; at <= last; ++at) {
      const std::uint64_t bits = reached_[at];
      if (bits == 0) continue;
      const SerialView view(graph_, all_but_anti);
      NodeIndex to = 0;
      for (std::uint32_t cursor = 0; view.next(order_[at], cursor, to);) {
        if (rank_[to] <= last) reached_[rank_[to]] |= bits;
      }
    }
    for (std::size_t i = begin; i < end && !found; ++i) {
      if ((reached_[antis[i].reader] >> (i - begin) & 1U) == 0) continue;
      found = cycle(order_[antis[i].reader], order_[antis[i].writer]);
    }
    std::fill(reached_.begin() + antis[begin].writer, reached_.begin() + last + 1, 0);
    return found;
  }

  /// The way from the writer to the reader with the fewest transactions, closed by the
  /// anti-dependency: breadth first, steps to helpers being free.
  Cycle cycle(NodeIndex reader, NodeIndex writer) {
    const SerialView view(graph_, all_but_anti);
    std::vector<NodeIndex> from(graph_.node_count(), none);
    std::vector<std::uint32_t> length(graph_.node_count(), none);
    std::deque<NodeIndex> open{writer};
    length[writer] = 0;
    while (!open.empty() && open.front() != reader) {
      const NodeIndex node = open.front();
      open.pop_front();
      NodeIndex to = 0;
      for (std::uint32_t cursor = 0; view.next(node, cursor, to);) {
        const bool costs_nothing = graph_.is_helper(to);
        const std::uint32_t next = length[node] + (costs_nothing ? 0 : 1);
        if (next >= length[to] || rank_[to] > rank_[reader]) continue;
        from[to] = node;
        length[to] = next;
        costs_nothing ? open.push_front(to) : open.push_back(to);
      }
    }
    std::vector<NodeIndex> way{reader};
    while (way.back() != writer) way.push_back(from[way.back()]);
    std::reverse(way.begin(), way.end());
    return contract(graph_, way, [&](std::size_t i) {
      return i + 1 == way.size() ? Dependency::rw
                                 : kind_between(graph_, way[i], way[i + 1], all_but_anti);
    });
  }

  const Dependencies& graph_;
  const std::vector<NodeIndex>& order_;
  std::vector<std::uint32_t> rank_;
  std::vector<std::uint64_t> reached_;
  std::uint64_t work_;  ///< nodes that may still be looked at
};

}  // namespace

std::optional<Cycle> find_single_cycle(const Dependencies& graph, std::uint64_t work) {
  const SerialView all(graph, all_dependencies);
  const auto cyclic = components(all, linear_order(all));
  if (cyclic.empty()) return std::nullopt;
  const auto order = linear_order(SerialView(graph, all_but_anti));
  if (order.size() != graph.node_count()) return std::nullopt;  // there are cycles without any
  return SingleSearch(graph, order, work).run(cyclic);
}

}  // namespace assay
