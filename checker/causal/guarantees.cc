#include "checker/causal/guarantees.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace assay::causal {
namespace {

using weak::initial_node;
using weak::no_index;
using weak::Node;
using weak::Observations;
using weak::Read;

/// Two different own writes of a key, each read while the other was there already, cannot both be
/// the last.
std::optional<Broken> read_your_writes(const Observations& seen, std::uint32_t session) {
  struct OwnKey {
    std::vector<Node> writes;
    // The two writes read last, with the position of that read.
    std::pair<Node, Node> last{initial_node, initial_node};  // write, read
    std::pair<Node, Node> second{initial_node, initial_node};
  };
  std::unordered_map<TxnKey, OwnKey> keys;
  for (const Node node : seen.nodes_of(session)) {
    for (const Read& read : seen.reads_of(node)) {
      const auto at = keys.find(read.key);
      if (at == keys.end()) continue;
      OwnKey& own = at->second;
      if (read.writer == initial_node) {
        return Broken{session, {own.writes.back(), node}, true};
      }
      if (seen.session[read.writer] != session) continue;
      const auto& other = own.last.first == read.writer ? own.second : own.last;
      if (other.first != initial_node && seen.position[other.second] > seen.position[read.writer]) {
        return Broken{session, {read.writer, other.first, other.second, node}, false};
      }
      if (own.last.first != read.writer) own.second = own.last;
      own.last = {read.writer, node};
    }
    for (const TxnKey key : seen.writes_of(node)) keys[key].writes.push_back(node);
  }
  return std::nullopt;
}

/// A value seen again after another one of its key, or the initial value after any.
std::optional<Broken> monotonic_reads(const Observations& seen, std::uint32_t session) {
  struct Current {
    Node write;
    Node read;
  };
  std::unordered_map<TxnKey, Current> current;
  std::unordered_map<Node, Node> first_read;  // by write and key's only write: who read it first
  for (const Node node : seen.nodes_of(session)) {
    for (const Read& read : seen.reads_of(node)) {
      const auto at = current.find(read.key);
      if (read.writer == initial_node) {
        if (at != current.end()) return Broken{session, {at->second.read, node}, true};
        continue;
      }
      const auto first = first_read.find(read.writer);
      if (at != current.end() && at->second.write != read.writer && first != first_read.end()) {
        return Broken{session, {first->second, at->second.read, node}, false};
      }
      first_read.try_emplace(read.writer, node);
      current[read.key] = {read.writer, node};
    }
  }
  return std::nullopt;
}

/// The growing view of one session, and the order of writes that it needs.
class GrowingView {
 public:
  GrowingView(const Observations& seen, Guarantee guarantee)
      : seen_(seen), writes_(guarantee == Guarantee::monotonic_writes) {
    for (std::uint32_t s = 0; s < seen_.session_count(); ++s) index_base(s);
  }

  std::optional<Broken> check(std::uint32_t session) {
    visible_.assign(seen_.node_count(), false);
    done_.assign(seen_.session_count(), 0);
    by_key_.clear();
    linked_.clear();
    derived_.clear();
    for (const Node node : seen_.nodes_of(session)) {
      for (const Read& read : seen_.reads_of(node)) {
        if (read.writer != initial_node) add(read.writer);
        auto& members = by_key_[read.key];
        if (read.writer == initial_node) {
          if (!members.empty()) return Broken{session, {members.back(), node}, true};
          continue;
        }
        std::size_t& linked = linked_[read.writer];
        for (; linked < members.size(); ++linked) {
          if (members[linked] == read.writer) continue;
          derived_.push_back({members[linked], read.writer, node});
        }
      }
    }
    return find_cycle(session);
  }

 private:
  struct Edge {
    Node from;
    Node to;
    Node reader;  ///< initial_node: of the base
  };

  /// The order of writes before anything is read: of one session, or of what was read before.
  void index_base(std::uint32_t s) {
    Node last = initial_node;  // the last write, or the last read
    for (const Node node : seen_.nodes_of(s)) {
      const bool writes = !seen_.writes_of(node).empty();
      const bool reads = !seen_.reads_of(node).empty();
      if (!writes_) {
        for (const Read& read : seen_.reads_of(node)) {
          if (read.writer != initial_node) base_.push_back({read.writer, node, initial_node});
        }
      }
      if (last != initial_node && (writes || !writes_)) base_.push_back({last, node, initial_node});
      // A cas is after what was read before it, but what follows does not follow its write.
      if (writes_ ? writes : reads && !writes) last = node;
    }
  }

  void add(Node write) {
    std::vector<Node> open{write};
    while (!open.empty()) {
      const Node node = open.back();
      open.pop_back();
      if (!visible_[node]) {
        visible_[node] = true;
        for (const TxnKey key : seen_.writes_of(node)) by_key_[key].push_back(node);
      }
      const std::uint32_t s = seen_.session[node];
      const auto nodes = seen_.nodes_of(s);
      for (; done_[s] < seen_.position[node]; ++done_[s]) {
        const Node before = nodes[done_[s]];
        if (writes_ && !seen_.writes_of(before).empty()) open.push_back(before);
        if (writes_) continue;
        for (const Read& read : seen_.reads_of(before)) {
          if (read.writer != initial_node && !visible_[read.writer]) open.push_back(read.writer);
        }
      }
    }
  }

  std::optional<Broken> find_cycle(std::uint32_t session) const {
    const std::size_t n = seen_.node_count();
    std::vector<std::uint32_t> begin(n + 1, 0);
    std::vector<Edge> edges(base_.size() + derived_.size());
    const auto each = [&](auto visit) {
      for (const Edge& edge : base_) visit(edge);
      for (const Edge& edge : derived_) visit(edge);
    };
    each([&](const Edge& edge) { ++begin[edge.from + 1]; });
    for (std::size_t i = 1; i <= n; ++i) begin[i] += begin[i - 1];
    auto next = begin;
    each([&](const Edge& edge) { edges[next[edge.from]++] = edge; });
    std::vector<std::uint32_t> waits_for(n, 0);
    for (const Edge& edge : edges) ++waits_for[edge.to];
    std::vector<Node> order;
    for (Node node = 0; node < n; ++node) {
      if (waits_for[node] == 0) order.push_back(node);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (std::uint32_t e = begin[order[i]]; e < begin[order[i] + 1]; ++e) {
        if (--waits_for[edges[e].to] == 0) order.push_back(edges[e].to);
      }
    }
    if (order.size() == n) return std::nullopt;
    std::vector<bool> sorted(n, false);
    for (const Node node : order) sorted[node] = true;
    std::vector<Edge> before(n, Edge{initial_node, initial_node, initial_node});
    for (const Edge& edge : edges) {
      if (!sorted[edge.from] && !sorted[edge.to]) before[edge.to] = edge;
    }
    Node node = static_cast<Node>(std::find(sorted.begin(), sorted.end(), false) - sorted.begin());
    std::vector<bool> met(n, false);
    for (; !met[node]; node = before[node].from) met[node] = true;
    Broken broken{session, {}, false};
    Node reader = initial_node;
    const Node start = node;
    do {
      broken.operations.push_back(node);
      if (before[node].reader != initial_node) reader = std::max(reader, before[node].reader);
      node = before[node].from;
    } while (node != start);
    if (reader != initial_node) broken.operations.push_back(reader);
    return broken;
  }

  const Observations& seen_;
  bool writes_;  ///< monotonic writes; else writes follow reads
  std::vector<Edge> base_;
  std::vector<Edge> derived_;
  std::vector<bool> visible_;
  std::vector<std::uint32_t> done_;  ///< by session: the operations whose past is visible
  std::unordered_map<TxnKey, std::vector<Node>> by_key_;
  std::unordered_map<Node, std::size_t> linked_;  ///< by write: the members already before it
};

}  // namespace

std::optional<Broken> find_broken(const Observations& seen, Guarantee guarantee) {
  const auto sessions = static_cast<std::uint32_t>(seen.session_count());
  const bool growing =
      guarantee == Guarantee::monotonic_writes || guarantee == Guarantee::writes_follow_reads;
  std::optional<GrowingView> view;
  if (growing) view.emplace(seen, guarantee);
  for (std::uint32_t s = 0; s < sessions; ++s) {
    std::optional<Broken> broken;
    if (guarantee == Guarantee::read_your_writes) {
      broken = read_your_writes(seen, s);
    } else {
      broken = monotonic_reads(seen, s);
      if (growing) broken = broken.has_value() ? std::nullopt : view->check(s);
    }
    if (broken.has_value()) return broken;
  }
  return std::nullopt;
}

}  // namespace assay::causal
