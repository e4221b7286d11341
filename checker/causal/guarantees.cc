#include "checker/causal/guarantees.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <unordered_set>
#include <utility>

namespace assay::causal {
namespace {

using weak::initial_node;
using weak::Observations;
using weak::Read;

struct ReadBy {
  Node write = initial_node;
  Node reader = initial_node;
  std::uint32_t read = 0;
};

Claim commit(Node from, const ReadBy& by, std::vector<Node> path) {
  return {from, by.write, Rule::commit, by.read, by.reader, std::move(path)};
}

/// Two different own writes of a key, each returned while the other was there already, cannot both
/// be the last.
class OwnWrites {
 public:
  explicit OwnWrites(const Observations& seen) : seen_(seen) {}

  std::optional<Contradiction> check(std::uint32_t session) {
    for (const Node node : seen_.nodes_of(session)) {
      for (std::uint32_t r = seen_.read_begin[node]; r < seen_.read_begin[node + 1]; ++r) {
        if (auto broken = read(session, {seen_.reads[r].writer, node, r})) return broken;
      }
      for (const TxnKey key : seen_.writes_of(node)) {
        OwnKey& own = keys_[key];
        own.last_write = node;
        if (const auto early = early_.find(node); early != early_.end()) {
          remember(own, early->second);
        }
      }
    }
    return std::nullopt;
  }

 private:
  struct OwnKey {
    Node last_write = initial_node;
    ReadBy latest;  ///< of the own writes that are there, the one that was read last
    ReadBy second;  ///< and of the others
  };

  std::optional<Contradiction> read(std::uint32_t session, const ReadBy& by) {
    const bool own = by.write != initial_node && seen_.session[by.write] == session;
    if (own && seen_.position[by.write] >= seen_.position[by.reader]) {
      early_[by.write] = by;
      return std::nullopt;
    }
    const auto at = keys_.find(seen_.reads[by.read].key);
    if (at == keys_.end()) return std::nullopt;
    OwnKey& key = at->second;
    if (by.write == initial_node) {
      return Contradiction{{}, {commit(key.last_write, by, {key.last_write, by.reader})}};
    }
    if (!own) return std::nullopt;
    const ReadBy& other = key.latest.write == by.write ? key.second : key.latest;
    if (other.write != initial_node && seen_.position[other.reader] > seen_.position[by.write]) {
      return Contradiction{{},
                           {commit(by.write, other, {by.write, other.reader}),
                            commit(other.write, by, {other.write, by.reader})}};
    }
    remember(key, by);
    return std::nullopt;
  }

  void remember(OwnKey& key, const ReadBy& by) const {
    const auto is_later = [&](const ReadBy& other) {
      return other.write == initial_node ||
             seen_.position[by.reader] > seen_.position[other.reader];
    };
    if (key.latest.write == by.write) {
      if (is_later(key.latest)) key.latest = by;
    } else if (is_later(key.latest)) {
      key.second = std::exchange(key.latest, by);
    } else if (is_later(key.second)) {
      key.second = by;
    }
  }

  const Observations& seen_;
  std::unordered_map<TxnKey, OwnKey> keys_;
  std::unordered_map<Node, ReadBy> early_;  ///< own writes that were read before they were made
};

/// A value seen again after another one of its key, or the initial value after any.
std::optional<Contradiction> monotonic_reads(const Observations& seen, std::uint32_t session) {
  std::unordered_map<TxnKey, ReadBy> current;
  std::unordered_map<Node, ReadBy> first_read;  // by write
  for (const Node node : seen.nodes_of(session)) {
    for (std::uint32_t r = seen.read_begin[node]; r < seen.read_begin[node + 1]; ++r) {
      const ReadBy by{seen.reads[r].writer, node, r};
      const auto at = current.find(seen.reads[r].key);
      if (by.write == initial_node) {
        if (at == current.end()) continue;
        const ReadBy& before = at->second;
        return Contradiction{{}, {commit(before.write, by, {before.write, before.reader, node})}};
      }
      const auto [first, fresh] = first_read.try_emplace(by.write, by);
      if (fresh) {
        current[seen.reads[r].key] = by;
      } else if (at->second.write != by.write) {
        const ReadBy& other = at->second;
        return Contradiction{
            {},
            {commit(by.write, other, {by.write, first->second.reader, other.reader}),
             commit(other.write, by, {other.write, other.reader, node})}};
      }
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<Contradiction> find_broken(const Observations& seen, Guarantee guarantee,
                                         std::uint32_t session) {
  if (guarantee == Guarantee::read_your_writes) return OwnWrites(seen).check(session);
  return monotonic_reads(seen, session);
}

/// Own writes by the last read of them, or where they are made if that is later: one that is read
/// while another is there comes after it. Then what others wrote, as it was read first.
std::vector<Node> explaining_order(const Observations& seen, Guarantee guarantee,
                                   std::uint32_t session) {
  std::unordered_map<Node, std::uint32_t> last;  // of own writes
  std::vector<Node> own;
  std::vector<Node> others;
  std::unordered_set<Node> met;
  const bool apart = guarantee == Guarantee::read_your_writes;
  for (const Node node : seen.nodes_of(session)) {
    for (const Read& read : seen.reads_of(node)) {
      if (read.writer == initial_node) continue;
      if (apart && seen.session[read.writer] == session) {
        std::uint32_t& at = last[read.writer];
        at = std::max(at, seen.position[node]);
      } else if (met.insert(read.writer).second) {
        others.push_back(read.writer);
      }
    }
    if (!apart || seen.writes_of(node).empty()) continue;
    own.push_back(node);
    std::uint32_t& at = last[node];
    at = std::max(at, seen.position[node]);
  }
  std::stable_sort(own.begin(), own.end(), [&](Node a, Node b) { return last[a] < last[b]; });
  own.insert(own.end(), others.begin(), others.end());
  return own;
}

GrowingView::GrowingView(const Observations& seen, Guarantee guarantee)
    : seen_(seen),
      writes_(guarantee == Guarantee::monotonic_writes),
      via_(seen.node_count(), {initial_node, initial_node}),
      done_(seen.session_count(), 0) {}

void GrowingView::forget() {
  for (const auto& [key, view] : keys_) {
    for (const Node node : view.members) via_[node] = {initial_node, initial_node};
  }
  keys_.clear();
  derived_.clear();
  done_.assign(done_.size(), 0);
}

std::optional<Contradiction> GrowingView::check(std::uint32_t session) {
  forget();
  for (const Node node : seen_.nodes_of(session)) {
    for (std::uint32_t r = seen_.read_begin[node]; r < seen_.read_begin[node + 1]; ++r) {
      const Read& read = seen_.reads[r];
      if (read.writer != initial_node) {
        add(read.writer, node);
        derive(node, r);
      } else if (const auto at = keys_.find(read.key); at != keys_.end()) {
        return Contradiction{{}, {claim({at->second.members.back(), initial_node, node, r})}};
      }
    }
  }
  const auto cycle = find_cycle();
  if (cycle.empty()) return std::nullopt;
  return explain(cycle);
}

/// Makes the write visible, and what it brings.
void GrowingView::add(Node write, Node reader) {
  std::vector<std::pair<Node, Via>> open{{write, {reader, write}}};
  while (!open.empty()) {
    const auto [node, via] = open.back();
    open.pop_back();
    if (via_[node].reader == initial_node) {
      via_[node] = via;
      for (const TxnKey key : seen_.writes_of(node)) keys_[key].members.push_back(node);
    }
    const std::uint32_t s = seen_.session[node];
    const auto nodes = seen_.nodes_of(s);
    for (; done_[s] < seen_.position[node]; ++done_[s]) {
      const Node before = nodes[done_[s]];
      if (writes_ && !seen_.writes_of(before).empty() && before != node) {
        open.push_back({before, {reader, node}});
      }
      if (writes_) continue;
      for (const Read& read : seen_.reads_of(before)) {
        if (read.writer != initial_node) open.push_back({read.writer, {before, node}});
      }
    }
  }
}

/// All that is visible of the key precedes what the read returned. What preceded the value before
/// it need not be said again.
void GrowingView::derive(Node reader, std::uint32_t read) {
  const Node to = seen_.reads[read].writer;
  KeyView& key = keys_[seen_.reads[read].key];
  if (key.current != initial_node && key.current != to) {
    derived_.push_back({key.current, to, reader, read});
  }
  for (; key.ordered < key.members.size(); ++key.ordered) {
    const Node from = key.members[key.ordered];
    if (from != to && from != key.current) derived_.push_back({from, to, reader, read});
  }
  key.current = to;
}

std::vector<GrowingView::Edge> GrowingView::edges_of_view() const {
  const auto n = static_cast<std::uint32_t>(seen_.node_count());
  std::vector<Edge> edges;
  for (std::uint32_t s = 0; s < done_.size(); ++s) {
    Node last = initial_node;  // the last write
    for (const Node node : seen_.nodes_of(s).first(done_[s])) {
      const bool writes = !seen_.writes_of(node).empty();
      if (writes_) {
        if (!writes) continue;
        if (last != initial_node) edges.push_back({last, node, Rule::session, 0});
        last = node;
        continue;
      }
      if (seen_.position[node] > 1) edges.push_back({n + last, n + node, Rule::session, 0});
      last = node;
      for (std::uint32_t r = seen_.read_begin[node]; r < seen_.read_begin[node + 1]; ++r) {
        const Node writer = seen_.reads[r].writer;
        if (writer != initial_node) edges.push_back({writer, n + node, Rule::reads_from, r});
      }
      if (writes) edges.push_back({n + node, node, Rule::session, 0});
    }
  }
  for (std::uint32_t d = 0; d < derived_.size(); ++d) {
    edges.push_back({derived_[d].from, derived_[d].to, Rule::commit, d});
  }
  return edges;
}

std::vector<GrowingView::Edge> GrowingView::find_cycle() {
  const std::size_t n = 2 * seen_.node_count();
  const auto all = edges_of_view();
  begin_.assign(n + 1, 0);
  std::vector<std::uint32_t> waits_for(n, 0);
  for (const Edge& edge : all) {
    ++begin_[edge.from + 1];
    ++waits_for[edge.to];
  }
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  edges_.resize(all.size());
  auto next = begin_;
  for (const Edge& edge : all) edges_[next[edge.from]++] = edge;
  std::vector<bool> sorted(n, false);
  order_.clear();
  for (std::uint32_t v = 0; v < n; ++v) {
    if (waits_for[v] == 0) order_.push_back(v);
  }
  for (std::size_t i = 0; i < order_.size(); ++i) {
    sorted[order_[i]] = true;
    for (std::uint32_t e = begin_[order_[i]]; e < begin_[order_[i] + 1]; ++e) {
      if (--waits_for[edges_[e].to] == 0) order_.push_back(edges_[e].to);
    }
  }
  if (order_.size() == n) return {};
  // Walking back among what is left over leads into a cycle; through each of its vertices, as far
  // as that does not take long, the shortest is looked for.
  std::vector<std::uint32_t> before(n, 0);
  for (const Edge& edge : edges_) {
    if (!sorted[edge.from] && !sorted[edge.to]) before[edge.to] = edge.from;
  }
  auto v =
      static_cast<std::uint32_t>(std::find(sorted.begin(), sorted.end(), false) - sorted.begin());
  std::vector<bool> met(n, false);
  for (; !met[v]; v = before[v]) met[v] = true;
  const auto length = [](const std::vector<Edge>& cycle) {
    return std::count_if(cycle.begin(), cycle.end(),
                         [](const Edge& edge) { return edge.rule != Rule::session; });
  };
  std::vector<Edge> best;
  const std::size_t starts = std::clamp<std::size_t>(2'000'000 / edges_.size(), 1, 64);
  const std::uint32_t start = v;
  std::size_t tried = 0;
  do {
    auto cycle = shortest(v, sorted);
    if (best.empty() || length(cycle) < length(best)) best = std::move(cycle);
    v = before[v];
  } while (v != start && ++tried < starts);
  return best;
}

std::vector<Node> GrowingView::order() const {
  std::vector<Node> result;
  for (const std::uint32_t v : order_) {
    if (v < via_.size() && via_[v].reader != initial_node) result.push_back(v);
  }
  return result;
}

/// 0-1 breadth first among the vertices of cycles: steps of a session are free.
std::vector<GrowingView::Edge> GrowingView::shortest(std::uint32_t through,
                                                     const std::vector<bool>& sorted) const {
  std::unordered_map<std::uint32_t, std::pair<std::uint32_t, Edge>> reached;
  std::deque<std::pair<std::uint32_t, std::uint32_t>> open{{through, 0}};
  while (!open.empty()) {
    const auto [v, distance] = open.front();
    open.pop_front();
    if (const auto at = reached.find(v); at != reached.end()) {
      if (v == through || at->second.first < distance) continue;
    }
    for (std::uint32_t e = begin_[v]; e < begin_[v + 1]; ++e) {
      const Edge& edge = edges_[e];
      if (sorted[edge.to]) continue;
      const std::uint32_t next = distance + (edge.rule == Rule::session ? 0 : 1);
      const auto [at, fresh] = reached.try_emplace(edge.to, next, edge);
      if (!fresh && at->second.first <= next) continue;
      at->second = {next, edge};
      if (edge.rule == Rule::session) {
        open.emplace_front(edge.to, next);
      } else {
        open.emplace_back(edge.to, next);
      }
    }
  }
  std::vector<Edge> cycle;
  std::uint32_t v = through;
  do {
    cycle.push_back(reached.at(v).second);
    v = cycle.back().from;
  } while (v != through);
  std::reverse(cycle.begin(), cycle.end());
  return cycle;
}

/// The path by which the source became visible to the reader.
Claim GrowingView::claim(const Derived& derived) const {
  Claim result{derived.from, derived.to, Rule::commit, derived.read, derived.reader, {}};
  const auto step = [&](Node node) {
    if (result.path.empty() || result.path.back() != node) result.path.push_back(node);
  };
  Node node = derived.from;
  step(node);
  if (writes_) {
    step(via_[node].write);
    step(via_[node].reader);
  }
  while (!writes_) {
    const Via via = via_[node];
    step(via.reader);
    if (via.write == node) break;
    step(via.write);
    node = via.write;
  }
  step(derived.reader);
  return result;
}

Contradiction GrowingView::explain(const std::vector<Edge>& cycle) const {
  const auto n = static_cast<std::uint32_t>(seen_.node_count());
  Contradiction result;
  for (const Edge& edge : cycle) {
    if (edge.rule == Rule::commit) {
      result.steps.push_back(claim(derived_[edge.index]));
      continue;
    }
    const Node from = edge.from % n;
    const Node to = edge.to % n;
    if (edge.rule == Rule::reads_from) {
      result.steps.push_back({from, to, edge.rule, edge.index});
    } else if (from != to && !result.steps.empty() && result.steps.back().rule == Rule::session) {
      result.steps.back().to = to;
    } else if (from != to) {
      result.steps.push_back({from, to, edge.rule});
    }
  }
  auto& steps = result.steps;
  const auto is = [](Rule rule) { return [rule](const Claim& step) { return step.rule == rule; }; };
  if (std::none_of(steps.begin(), steps.end(), is(Rule::commit))) {
    // No read forces it: say how the session sees one of the writes, which brings the others.
    const auto step = std::find_if(steps.begin(), steps.end(), is(Rule::reads_from));
    Node write = step->from;
    while (via_[write].write != write) write = via_[write].write;
    step->reader = via_[write].reader;
    step->path = claim({step->from, initial_node, step->reader, step->read}).path;
  }
  if (steps.size() > 1 && steps.front().rule == Rule::session &&
      steps.back().rule == Rule::session) {
    steps.front().from = steps.back().from;
    steps.pop_back();
  }
  return result;
}

}  // namespace assay::causal
