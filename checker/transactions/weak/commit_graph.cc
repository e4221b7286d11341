#include "checker/transactions/weak/commit_graph.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace assay::weak {
namespace {

/// From so many nodes of a component the shortest cycle through them is looked for, fewer if the
/// component is so large that the steps would be many.
constexpr std::size_t tried_starts = 256;
constexpr std::size_t tried_steps = 2'000'000;

/// Steps of one session in a row become one: the order of a session is transitive.
Cycle without_needless_steps(const Cycle& steps) {
  Cycle result;
  for (const CycleEdge& step : steps) {
    if (!result.empty() && step.rule == Rule::session && result.back().rule == Rule::session) {
      result.back().to = step.to;
    } else {
      result.push_back(step);
    }
  }
  const bool closed = result.size() > 1 && result.front().from == result.back().to;
  if (closed && result.front().rule == Rule::session && result.back().rule == Rule::session) {
    result.front().from = result.back().from;
    result.pop_back();
  }
  return result;
}

}  // namespace

bool CommitGraph::all_forward() const {
  return seen_.wr_forward &&
         std::all_of(edges_.begin(), edges_.end(),
                     [](const CommitEdge& edge) { return edge.from < edge.to; }) &&
         std::all_of(seen_.versions.begin(), seen_.versions.end(),
                     [](const VersionEdge& edge) { return edge.from < edge.to; });
}

void CommitGraph::index_edges() {
  if (!begin_.empty()) return;
  const auto n = static_cast<Node>(seen_.node_count());
  const auto each = [&](auto visit) {
    if (with_sessions_) {
      for (std::uint32_t s = 0; s < seen_.session_count(); ++s) {
        const auto nodes = seen_.nodes_of(s);
        for (std::size_t i = 1; i < nodes.size(); ++i) {
          visit(nodes[i - 1], Out{nodes[i], Rule::session, 0});
        }
      }
    }
    for (Node reader = 1; reader < n; ++reader) {
      for (std::uint32_t r = seen_.read_begin[reader]; r < seen_.read_begin[reader + 1]; ++r) {
        const Node writer = seen_.reads[r].writer;
        if (writer != initial_node) visit(writer, Out{reader, Rule::reads_from, r});
      }
    }
    for (std::uint32_t v = 0; v < seen_.versions.size(); ++v) {
      visit(seen_.versions[v].from, Out{seen_.versions[v].to, Rule::version, v});
    }
    for (std::uint32_t e = 0; e < edges_.size(); ++e) {
      if (edges_[e].to != initial_node) visit(edges_[e].from, Out{edges_[e].to, Rule::commit, e});
    }
  };
  begin_.assign(n + 1, 0);
  each([&](Node from, const Out&) { ++begin_[from + 1]; });
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  out_.resize(begin_.back());
  auto next = begin_;
  each([&](Node from, const Out& out) { out_[next[from]++] = out; });
}

std::vector<Node> CommitGraph::order() {
  const auto n = static_cast<Node>(seen_.node_count());
  std::vector<Node> result;
  if (all_forward()) {
    result.resize(n);
    std::iota(result.begin(), result.end(), Node{0});
    return result;
  }
  if (std::any_of(edges_.begin(), edges_.end(),
                  [](const CommitEdge& edge) { return edge.to == initial_node; })) {
    return result;
  }
  index_edges();
  std::vector<std::uint32_t> waits_for(n, 0);
  for (const Out& out : out_) ++waits_for[out.to];
  result.reserve(n);
  for (Node node = 0; node < n; ++node) {
    if (waits_for[node] == 0) result.push_back(node);
  }
  for (std::size_t i = 0; i < result.size(); ++i) {
    for (const Out& out : out_of(result[i])) {
      if (--waits_for[out.to] == 0) result.push_back(out.to);
    }
  }
  if (result.size() < n) result.clear();
  return result;
}

/// Tarjan's algorithm without recursion: by node the number of its component.
std::vector<std::uint32_t> CommitGraph::components(std::uint32_t& count) const {
  const auto n = static_cast<Node>(seen_.node_count());
  std::vector<std::uint32_t> component(n, no_index);
  std::vector<std::uint32_t> number(n, 0);
  std::vector<std::uint32_t> low(n, 0);
  std::vector<Node> stack;
  std::vector<std::pair<Node, std::uint32_t>> path;
  std::uint32_t next = 0;
  count = 0;
  for (Node root = 0; root < n; ++root) {
    if (number[root] != 0) continue;
    path.emplace_back(root, begin_[root]);
    number[root] = low[root] = ++next;
    stack.push_back(root);
    while (!path.empty()) {
      const Node node = path.back().first;
      if (path.back().second < begin_[node + 1]) {
        const Node to = out_[path.back().second++].to;
        if (number[to] == 0) {
          number[to] = low[to] = ++next;
          stack.push_back(to);
          path.emplace_back(to, begin_[to]);
        } else if (component[to] == no_index) {
          low[node] = std::min(low[node], number[to]);
        }
        continue;
      }
      path.pop_back();
      if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[node]);
      if (low[node] != number[node]) continue;
      while (true) {
        const Node member = stack.back();
        stack.pop_back();
        component[member] = count;
        if (member == node) break;
      }
      ++count;
    }
  }
  return component;
}

template <class Admit>
Cycle CommitGraph::shortest(Node from, Node to, Admit admit) {
  // 0-1 breadth first: steps of a session are free, so that few transactions of few sessions are
  // found rather than neighbours.
  struct Reached {
    std::uint32_t distance;
    bool done;
    CycleEdge by;
  };
  std::unordered_map<Node, Reached> reached;
  std::deque<Node> open{from};
  bool started = false;
  while (!open.empty()) {
    const Node node = open.front();
    open.pop_front();
    if (started && node == to) break;
    std::uint32_t distance = 0;
    if (const auto at = reached.find(node); at != reached.end() && (started || node != from)) {
      if (at->second.done) continue;
      at->second.done = true;
      distance = at->second.distance;
    }
    started = true;
    for (const Out& out : out_of(node)) {
      if (!admit(out)) continue;
      const std::uint32_t next = distance + (out.rule == Rule::session ? 0 : 1);
      const auto [at, fresh] = reached.try_emplace(out.to, Reached{});
      if (!fresh && at->second.distance <= next) continue;
      at->second = {next, false, {node, out.to, out.rule, out.index}};
      if (out.rule == Rule::session) {
        open.push_front(out.to);
      } else {
        open.push_back(out.to);
      }
    }
  }
  Cycle steps;
  if (!reached.contains(to)) return steps;
  Node node = to;
  do {
    steps.push_back(reached.at(node).by);
    node = steps.back().from;
  } while (node != from);
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::vector<Cycle> CommitGraph::cycles(std::size_t count) {
  std::vector<Cycle> found;
  for (std::uint32_t e = 0; e < edges_.size() && found.size() < count; ++e) {
    const CommitEdge& edge = edges_[e];
    if (edge.to == initial_node) found.push_back({{edge.from, edge.to, Rule::commit, e}});
  }
  if (!found.empty()) return found;
  index_edges();
  std::uint32_t parts = 0;
  const auto component = components(parts);
  std::vector<std::vector<Node>> members(parts);
  std::vector<std::uint32_t> sizes(parts, 0);
  for (const std::uint32_t c : component) ++sizes[c];
  for (Node node = 0; node < component.size(); ++node) {
    if (sizes[component[node]] > 1) members[component[node]].push_back(node);
  }
  std::erase_if(members, [](const auto& part) { return part.empty(); });
  std::stable_sort(members.begin(), members.end(),
                   [](const auto& a, const auto& b) { return a.size() < b.size(); });
  for (const auto& part : members) {
    if (found.size() >= count) break;
    Cycle best;
    const std::size_t starts = std::clamp<std::size_t>(tried_steps / part.size(), 1, tried_starts);
    const std::size_t stride = (part.size() + starts - 1) / starts;
    for (std::size_t i = 0; i < part.size(); i += stride) {
      const std::uint32_t c = component[part[i]];
      Cycle cycle = without_needless_steps(
          shortest(part[i], part[i], [&](const Out& out) { return component[out.to] == c; }));
      if (!cycle.empty() && (best.empty() || cycle.size() < best.size())) best = std::move(cycle);
      if (best.size() == 2) break;
    }
    found.push_back(std::move(best));
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const Cycle& a, const Cycle& b) { return a.size() < b.size(); });
  return found;
}

Cycle CommitGraph::visibility_path(Node from, Node to) {
  index_edges();
  return without_needless_steps(shortest(from, to, [](const Out& out) {
    return out.rule == Rule::session || out.rule == Rule::reads_from;
  }));
}

}  // namespace assay::weak
