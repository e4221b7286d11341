#include "checker/transactions/weak/causal_clocks.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <optional>
#include <span>

#include "history/pages.h"

namespace assay::weak {
namespace {

/// Columns of a block: one cache line of counters.
constexpr std::size_t lanes = 16;
using Row = std::array<std::uint32_t, lanes>;
/// Nodes that are looked at in advance: what is known of them lies all over the memory, and each
/// step needs what the one before it fetched.
constexpr std::size_t ahead_node = 18;
constexpr std::size_t ahead_reads = 12;
constexpr std::size_t ahead_writers = 6;

struct Place {
  std::uint32_t session;
  std::uint32_t position;
};

/// Writers of each key, by session and position.
struct KeyWriters {
  std::vector<std::uint32_t> begin;  ///< by key
  std::vector<Place> places;

  explicit KeyWriters(const Observations& seen) : begin(seen.transactions->key_count() + 1, 0) {
    for (const TxnKey key : seen.written) ++begin[key + 1];
    for (std::size_t k = 1; k < begin.size(); ++k) begin[k] += begin[k - 1];
    places.resize(seen.written.size());
    auto next = begin;
    for (const Node node : seen.by_session) {
      for (const TxnKey key : seen.writes_of(node)) {
        places[next[key]++] = {seen.session[node], seen.position[node]};
      }
    }
  }
  std::span<const Place> of(TxnKey key) const {
    return std::span(places).subspan(begin[key], begin[key + 1] - begin[key]);
  }
  /// Those in sessions first … last - 1.
  std::span<const Place> of(TxnKey key, std::uint32_t first, std::uint32_t last) const {
    const auto all = of(key);
    const auto starts_at = [&](std::uint32_t session) {
      return std::partition_point(all.begin(), all.end(),
                                  [&](const Place& place) { return place.session < session; });
    };
    return {starts_at(first), starts_at(last)};
  }
};

/// The columns of sessions first … first + 15.
class Block {
 public:
  Block(const Observations& seen, const KeyWriters& writers, std::uint32_t first)
      : seen_(seen),
        writers_(writers),
        first_(first),
        count_(std::min<std::uint32_t>(lanes,
                                       static_cast<std::uint32_t>(seen.session_count()) - first)) {}

  /// By node and lane: how many transactions of the session are in its causal past or are itself.
  void compute_clocks(const std::vector<Node>& topological) {
    clocks_ = PlainArray<Row>(seen_.node_count());
    for (Node node = 0; node < seen_.node_count(); ++node) {
      if (seen_.position[node] == 0) clocks_[node] = Row{};
    }
    for (std::size_t i = 0; i < topological.size(); ++i) {
      const Node node = topological[i];
      fetch_ahead(topological, i);
      if (seen_.position[node] == 0) continue;
      Row row = past_of_session(node);
      for (const Read& read : seen_.reads_of(node)) join(row, clocks_[read.writer]);
      const std::uint32_t lane = seen_.session[node] - first_;
      if (lane < count_) row[lane] = seen_.position[node];
      clocks_[node] = row;
    }
  }

  /// Is `from` in the causal past of `to`, or `to` itself? REQUIRES the session of `from` is here.
  bool reaches(Node from, Node to) const {
    return clocks_[to][seen_.session[from] - first_] >= seen_.position[from];
  }
  bool has_session_of(Node node) const { return seen_.session[node] - first_ < count_; }

  bool find_edges(CommitEdges& out, const SearchLimits& limits, std::atomic<bool>& stop) {
    index_hot_keys();
    for (std::uint32_t s = 0; s < seen_.session_count(); ++s) {
      if (stop.load(std::memory_order_relaxed) || limits.time_is_up() ||
          (limits.memory_bytes != 0 && out.size() * sizeof(CommitEdge) > limits.memory_bytes)) {
        stop = true;
        return false;
      }
      next_ = fresh_next_;
      at_ = fresh_at_;
      visible_.assign(next_.size(), Row{});
      const auto readers = seen_.nodes_of(s);
      for (std::size_t i = 0; i < readers.size(); ++i) {
        fetch_ahead(readers, i);
        find_edges_of(readers[i], out);
      }
    }
    return true;
  }

 private:
  static void join(Row& row, const Row& other) {
    for (std::size_t i = 0; i < lanes; ++i) row[i] = std::max(row[i], other[i]);
  }

  /// What the nodes behind the i-th will need: in the end the clocks of those they read from.
  void fetch_ahead(std::span<const Node> nodes, std::size_t i) const {
    if (i + ahead_node < nodes.size()) {
      const Node node = nodes[i + ahead_node];
      __builtin_prefetch(&seen_.read_begin[node]);
      __builtin_prefetch(&clocks_[node]);
    }
    if (i + ahead_reads < nodes.size()) {
      __builtin_prefetch(seen_.reads.data() + seen_.read_begin[nodes[i + ahead_reads]]);
    }
    if (i + ahead_writers >= nodes.size()) return;
    for (const Read& read : seen_.reads_of(nodes[i + ahead_writers])) {
      __builtin_prefetch(&clocks_[read.writer]);
    }
  }

  Row past_of_session(Node node) const {
    const std::uint32_t position = seen_.position[node];
    if (position == 1) return Row{};
    return clocks_[seen_.by_session[seen_.session_begin[seen_.session[node]] + position - 2]];
  }

  /// The clock of what is strictly before the node.
  Row past_of(Node node) const {
    Row row = clocks_[node];
    const std::uint32_t lane = seen_.session[node] - first_;
    if (lane < count_) row[lane] = seen_.position[node] - 1;
    return row;
  }

  /// Keys with many writers get a pointer a lane that only moves forward within a session; of the
  /// others the whole list of writers is walked.
  void index_hot_keys() {
    const std::size_t keys = seen_.transactions->key_count();
    const std::size_t sessions = seen_.session_count();
    hot_.assign(keys, no_index);
    for (TxnKey key = 0; key < keys; ++key) {
      if (seen_.lists || writers_.of(key).size() <= std::max<std::size_t>(8, sessions)) continue;
      hot_[key] = static_cast<std::uint32_t>(fresh_next_.size());
      Row next{};
      Row begin{};
      next.fill(no_index);
      for (std::uint32_t lane = 0; lane < count_; ++lane) {
        const auto places = writers_.of(key, first_ + lane, first_ + lane + 1);
        begin[lane] = static_cast<std::uint32_t>(places.data() - writers_.places.data());
        if (!places.empty()) next[lane] = places.front().position;
      }
      fresh_next_.push_back(next);
      fresh_at_.push_back(begin);
    }
  }

  void find_edges_of(Node reader, CommitEdges& out) {
    const auto reads = seen_.reads_of(reader);
    if (reads.empty()) return;
    const Row past = past_of(reader);
    if (seen_.lists) {
      for (std::size_t j = 0; j < reads.size(); j = end_of_group(reads, j)) {
        find_missing(reader, past, reads, j, out);
      }
      return;
    }
    for (std::size_t j = 0; j < reads.size(); ++j) {
      const std::uint32_t hot = hot_[reads[j].key];
      if (hot == no_index) {
        walk_writers(reader, past, static_cast<std::uint32_t>(j), out);
      } else {
        advance(hot, past, reads[j].key);
        compare(reader, visible_[hot], static_cast<std::uint32_t>(j), out);
      }
    }
  }

  /// Moves the pointers of a key to its last writers in `past`.
  void advance(std::uint32_t hot, const Row& past, TxnKey key) {
    Row& next = next_[hot];
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < lanes; ++i) any |= static_cast<std::uint32_t>(next[i] <= past[i]);
    if (any == 0) return;
    const std::uint32_t end = writers_.begin[key + 1];
    for (std::uint32_t lane = 0; lane < count_; ++lane) {
      while (next[lane] <= past[lane]) {
        visible_[hot][lane] = next[lane];
        const std::uint32_t at = ++at_[hot][lane];
        next[lane] = at < end && writers_.places[at].session == first_ + lane
                         ? writers_.places[at].position
                         : no_index;
      }
    }
  }

  /// Edges from the visible writers that the causal order does not put before what was read.
  void compare(Node reader, const Row& visible, std::uint32_t j, CommitEdges& out) const {
    const std::uint32_t index = seen_.read_begin[reader] + j;
    const Node to = seen_.reads[index].writer;
    const Row& known = clocks_[to];
    std::uint32_t any = 0;
    for (std::size_t i = 0; i < lanes; ++i) {
      any |= static_cast<std::uint32_t>(visible[i] > known[i]);
    }
    if (any == 0) return;
    for (std::uint32_t lane = 0; lane < count_; ++lane) {
      if (visible[lane] > known[lane]) {
        out.push_back({node_at(lane, visible[lane]), to, reader, index});
      }
    }
  }

  void walk_writers(Node reader, const Row& past, std::uint32_t j, CommitEdges& out) const {
    const std::uint32_t index = seen_.read_begin[reader] + j;
    const Read& read = seen_.reads[index];
    Row visible{};
    bool any = false;
    for (const Place& place : writers_.of(read.key, first_, first_ + count_)) {
      const std::uint32_t lane = place.session - first_;
      if (place.position > past[lane]) continue;
      visible[lane] = place.position;
      any = true;
    }
    if (any) compare(reader, visible, j, out);
  }

  /// Lists: a visible append that the list does not have.
  void find_missing(Node reader, const Row& past, std::span<const Read> reads, std::size_t begin,
                    CommitEdges& out) const {
    const std::size_t end = end_of_group(reads, begin);
    Row found{};
    for (std::size_t j = begin; j < end; ++j) {
      const std::uint32_t lane = seen_.session[reads[j].writer] - first_;
      if (reads[j].writer != initial_node && lane < count_) ++found[lane];
    }
    Row visible{};
    const auto places = writers_.of(reads[begin].key, first_, first_ + count_);
    for (const Place& place : places) {
      const std::uint32_t lane = place.session - first_;
      if (place.position <= past[lane]) ++visible[lane];
    }
    if (found == visible) return;
    for (const Place& place : places) {
      const std::uint32_t lane = place.session - first_;
      if (place.position > past[lane]) continue;
      const Node node = node_at(lane, place.position);
      const auto group = reads.subspan(begin, end - begin);
      const bool has = std::any_of(group.begin(), group.end(),
                                   [&](const Read& read) { return read.writer == node; });
      if (has) continue;
      out.push_back({node, initial_node, reader,
                     seen_.read_begin[reader] + static_cast<std::uint32_t>(begin)});
      return;
    }
  }

  Node node_at(std::uint32_t lane, std::uint32_t position) const {
    return seen_.by_session[seen_.session_begin[first_ + lane] + position - 1];
  }

  const Observations& seen_;
  const KeyWriters& writers_;
  std::uint32_t first_;
  std::uint32_t count_;
  PlainArray<Row> clocks_;
  std::vector<std::uint32_t> hot_;  ///< by key: its row in the four tables, or no_index
  std::vector<Row> fresh_next_;     ///< the state of next_ and at_ where a session begins
  std::vector<Row> fresh_at_;
  std::vector<Row> next_;     ///< the position of the next writer that is not visible yet
  std::vector<Row> at_;       ///< its place in writers_.places
  std::vector<Row> visible_;  ///< the position of the last visible writer; 0: none
};

}  // namespace

CausalEdges causal_edges(const Observations& seen, const std::vector<Node>& topological,
                         const SearchLimits& limits) {
  const std::size_t blocks = (seen.session_count() + lanes - 1) / lanes;
  const KeyWriters writers(seen);
  std::vector<CommitEdges> found(blocks);
  std::atomic<bool> stop{false};
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, blocks, 1), [&](const auto& range) {
    for (std::size_t b = range.begin(); b < range.end(); ++b) {
      Block block(seen, writers, static_cast<std::uint32_t>(b * lanes));
      block.compute_clocks(topological);
      block.find_edges(found[b], limits, stop);
    }
  });
  CausalEdges result;
  result.complete = !stop;
  for (CommitEdges& part : found) {
    result.edges.insert(result.edges.end(), part.begin(), part.end());
    CommitEdges().swap(part);
  }
  return result;
}

std::optional<std::size_t> find_overtaken(const Observations& seen,
                                          const std::vector<Node>& topological,
                                          const CommitEdges& edges) {
  const std::size_t blocks = (seen.session_count() + lanes - 1) / lanes;
  const KeyWriters writers(seen);
  std::vector<std::size_t> first(blocks, edges.size());
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, blocks, 1), [&](const auto& range) {
    for (std::size_t b = range.begin(); b < range.end(); ++b) {
      Block block(seen, writers, static_cast<std::uint32_t>(b * lanes));
      block.compute_clocks(topological);
      for (std::size_t e = 0; e < edges.size(); ++e) {
        if (!block.has_session_of(edges[e].to) || !block.reaches(edges[e].to, edges[e].from)) {
          continue;
        }
        first[b] = e;
        break;
      }
    }
  });
  const std::size_t found = *std::min_element(first.begin(), first.end());
  return found == edges.size() ? std::nullopt : std::optional(found);
}

}  // namespace assay::weak
