#include "checker/logs/log_cycles.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <optional>
#include <utility>

namespace assay {
namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
/// Starting points tried in one component: enough for the shortest cycle in all but huge ones.
constexpr std::size_t starts_max = 256;

using Graph = std::vector<std::vector<LogEdge>>;

Graph graph_of(const LogOperations& log, const LogOrder& order, bool with_reads) {
  Graph graph(log.operations.size());
  std::vector<std::uint32_t> sender(log.values.size(), none);
  for (std::uint32_t i = 0; i < log.operations.size(); ++i) {
    if (log.operations[i].outcome == Outcome::fail) continue;
    for (const LogMessage& message : log.operations[i].sends) sender[message.value] = i;
  }
  for (LogKey key = 0; key < log.keys.size(); ++key) {
    std::uint32_t before = none;  // the last message whose sender is known
    for (std::uint32_t p = 0; p < order.size(key); ++p) {
      const LogValue value = order.at(key, p);
      if (sender[value] == none) continue;
      if (before != none && sender[before] != sender[value]) {
        graph[sender[before]].push_back({sender[before], sender[value], false, before, value});
      }
      before = value;
    }
  }
  if (!with_reads) return graph;
  for (std::uint32_t i = 0; i < log.operations.size(); ++i) {
    if (log.operations[i].outcome != Outcome::ok) continue;
    for (const LogMessage& message : log.operations[i].polls) {
      const std::uint32_t from = sender[message.value];
      if (from == none || from == i) continue;
      graph[from].push_back({from, i, true, message.value, message.value});
    }
  }
  return graph;
}

/// Tarjan's strongly connected components, without recursion. Components of one vertex are none.
std::vector<std::vector<std::uint32_t>> components(const Graph& graph) {
  const auto n = static_cast<std::uint32_t>(graph.size());
  std::vector<std::uint32_t> number(n, none);
  std::vector<std::uint32_t> low(n, none);
  std::vector<bool> open(n, false);
  std::vector<std::uint32_t> stack;
  std::vector<std::pair<std::uint32_t, std::size_t>> path;
  std::vector<std::vector<std::uint32_t>> result;
  std::uint32_t next = 0;
  for (std::uint32_t root = 0; root < n; ++root) {
    if (number[root] != none) continue;
    path.emplace_back(root, 0);
    while (!path.empty()) {
      auto& [v, i] = path.back();
      if (i == 0) {
        number[v] = low[v] = next++;
        open[v] = true;
        stack.push_back(v);
      }
      if (i < graph[v].size()) {
        const std::uint32_t w = graph[v][i++].to;
        if (number[w] == none) {
          path.emplace_back(w, 0);
        } else if (open[w]) {
          low[v] = std::min(low[v], number[w]);
        }
        continue;
      }
      const std::uint32_t done = v;
      path.pop_back();
      if (!path.empty()) low[path.back().first] = std::min(low[path.back().first], low[done]);
      if (low[done] != number[done]) continue;
      std::vector<std::uint32_t> component;
      for (std::uint32_t w = none; w != done;) {
        w = stack.back();
        stack.pop_back();
        open[w] = false;
        component.push_back(w);
      }
      if (component.size() > 1) result.push_back(std::move(component));
    }
  }
  return result;
}

/// The shortest cycle through `start` that stays among `members` (by vertex: is it one?).
std::optional<std::vector<LogEdge>> cycle_through(const Graph& graph, std::uint32_t start,
                                                  const std::vector<bool>& members,
                                                  std::vector<const LogEdge*>& came_by) {
  std::deque<std::uint32_t> queue{start};
  std::vector<std::uint32_t> touched;
  std::optional<std::vector<LogEdge>> result;
  while (!queue.empty() && !result.has_value()) {
    const std::uint32_t v = queue.front();
    queue.pop_front();
    for (const LogEdge& edge : graph[v]) {
      if (!members[edge.to] || came_by[edge.to] != nullptr) continue;
      came_by[edge.to] = &edge;
      touched.push_back(edge.to);
      if (edge.to == start) {
        result.emplace();
        const LogEdge* step = &edge;
        for (;; step = came_by[step->from]) {
          result->push_back(*step);
          if (step->from == start) break;
        }
        std::reverse(result->begin(), result->end());
        break;
      }
      queue.push_back(edge.to);
    }
  }
  for (const std::uint32_t v : touched) came_by[v] = nullptr;
  return result;
}

void add_cycles(const Graph& graph, const std::string& type, std::vector<LogCycle>& result) {
  std::vector<bool> members(graph.size(), false);
  std::vector<const LogEdge*> came_by(graph.size(), nullptr);
  for (std::vector<std::uint32_t>& component : components(graph)) {
    std::sort(component.begin(), component.end());
    for (const std::uint32_t v : component) members[v] = true;
    std::optional<std::vector<LogEdge>> best;
    for (std::size_t i = 0; i < component.size() && i < starts_max; ++i) {
      auto cycle = cycle_through(graph, component[i], members, came_by);
      if (cycle.has_value() && (!best.has_value() || cycle->size() < best->size())) {
        best = std::move(cycle);
      }
    }
    for (const std::uint32_t v : component) members[v] = false;
    const bool reads = best.has_value() && std::any_of(best->begin(), best->end(),
                                                       [](const LogEdge& e) { return e.is_read; });
    // A cycle without reads was found as G0 already.
    if (best.has_value() && (type == "G0" || reads)) result.push_back({type, std::move(*best)});
  }
}

}  // namespace

std::vector<LogCycle> find_log_cycles(const LogOperations& log, const LogOrder& order) {
  std::vector<LogCycle> result;
  add_cycles(graph_of(log, order, false), "G0", result);
  add_cycles(graph_of(log, order, true), "G1c", result);
  return result;
}

}  // namespace assay
