#include "checker/transactions/graph/dependencies.h"

#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "base/assert.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, 6> dependency_names{"ww",      "wr",       "rw",
                                                           "process", "realtime", "through"};

class DependencyBuilder {
 public:
  DependencyBuilder(const Transactions& txns, const VersionOrders& orders, OrderBase base)
      : txns_(txns), orders_(orders), base_(base) {
    assign_helpers();
    if (base == OrderBase::realtime && txns.has_real_time()) sort_by_end();
    first_barrier_ = node_count_;
    node_count_ += by_end_.size();
  }

  std::size_t node_count() const { return node_count_; }
  std::size_t first_barrier() const { return first_barrier_; }

  /// Calls `emit(from, to, kind)` for every edge of one of `parts` parts, which together have all;
  /// the same edges in the same order each time.
  template <class Emit>
  void each_edge(std::size_t part, std::size_t parts, const Emit& emit) const {
    const auto add = [&](NodeIndex from, NodeIndex to, Dependency kind) {
      if (from != to && from != no_txn && to != no_txn) emit(from, to, kind);
    };
    const auto each = [&](std::size_t count, const auto& visit) {
      const std::size_t end = count * (part + 1) / parts;
      for (std::size_t i = count * part / parts; i < end; ++i) visit(i);
    };
    each(txns_.key_count(), [&](std::size_t k) { add_versions(static_cast<TxnKey>(k), add); });
    each(orders_.reads.size(), [&](std::size_t i) { add_read(orders_.reads[i], add); });
    each(orders_.steps.size(), [&](std::size_t i) {
      const VersionStep& step = orders_.steps[i];
      // Who replaced what it had read, read it: there is an edge for that.
      if (step.before != initial_version && step.shown_by != no_txn) {
        add(writer(step.before), writer(step.after), Dependency::ww);
      }
    });
    if (base_ != OrderBase::none) {
      each(txns_.session_count(),
           [&](std::size_t s) { add_process(static_cast<SessionId>(s), add); });
    }
    if (by_end_.empty()) return;
    each(by_end_.size(), [&](std::size_t i) { add_barrier(i, add); });
    const auto first = static_cast<TxnIndex>(txns_.size() * part / parts);
    add_begins(first, static_cast<TxnIndex>(txns_.size() * (part + 1) / parts), add);
  }

 private:
  /// Only what committed is in the graph.
  TxnIndex writer(std::size_t place) const {
    const TxnIndex t = orders_.writer[place];
    return t != no_txn && orders_.committed[t] ? t : no_txn;
  }

  /// A key with two or more versions in its tail has, for the i-th of them, a helper before the
  /// versions 0 … i and one before the versions i … end.
  void assign_helpers() {
    const std::size_t keys = txns_.key_count();
    helpers_.assign(keys, 0);
    node_count_ = txns_.size();
    for (TxnKey k = 0; k < keys; ++k) {
      helpers_[k] = node_count_;
      if (has_helpers(k)) node_count_ += 2 * orders_.tail(k).size();
    }
    successors_.resize(orders_.steps.size());
    std::iota(successors_.begin(), successors_.end(), 0U);
    std::sort(successors_.begin(), successors_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return key_of(orders_.steps[a]) < key_of(orders_.steps[b]);
    });
  }
  static std::pair<TxnKey, std::uint32_t> key_of(const VersionStep& step) {
    return {step.key, step.before};
  }
  bool has_helpers(TxnKey k) const { return orders_.tail(k).size() > 1; }

  template <class Add>
  void add_versions(TxnKey k, const Add& add) const {
    const std::size_t begin = orders_.begin[k];
    const std::uint32_t known = orders_.known[k];
    // Updates of a register read the version before: there is an edge for that.
    const bool shown_by_reads = !orders_.lists && !orders_.completed;
    TxnIndex last = no_txn;
    for (std::uint32_t i = 0; i < known; ++i) {
      const TxnIndex next = writer(begin + i);
      if (next == no_txn) continue;
      if (!shown_by_reads) add(last, next, Dependency::ww);
      last = next;
    }
    const auto tail = orders_.tail(k);
    const bool after_known = orders_.lists || known > 0;
    if (after_known) {
      for (const TxnIndex t : tail) add(last, t, Dependency::ww);
    }
    if (!has_helpers(k)) return;
    const auto size = static_cast<NodeIndex>(tail.size());
    for (NodeIndex i = 0; i < size; ++i) {
      add(first_helper(k, i), tail[i], Dependency::through);
      add(last_helper(k, i), tail[i], Dependency::through);
      if (i > 0) add(first_helper(k, i), first_helper(k, i - 1), Dependency::through);
      if (i + 1 < size) add(last_helper(k, i), last_helper(k, i + 1), Dependency::through);
    }
  }
  NodeIndex first_helper(TxnKey k, NodeIndex i) const {
    return static_cast<NodeIndex>(helpers_[k]) + 2 * i;
  }
  NodeIndex last_helper(TxnKey k, NodeIndex i) const {
    return static_cast<NodeIndex>(helpers_[k]) + 2 * i + 1;
  }

  template <class Add>
  void add_read(const VersionRead& read, const Add& add) const {
    const TxnKey k = read.key;
    const std::size_t begin = orders_.begin[k];
    const std::uint32_t known = orders_.known[k];
    if (read.position > 0) {
      // What rolled back or is unknown was still built upon what came before it.
      std::size_t place = begin + read.position - 1;
      while (read.position <= known && place > begin && writer(place) == no_txn) --place;
      add(writer(place), read.reader, Dependency::wr);
    }
    if (read.position > known || (!orders_.lists && known == 0 && !orders_.tail(k).empty())) {
      if (read.position == 0) {
        add_before_tail(read.reader, k, add);
      } else {
        add_before_steps(read, add);
      }
      return;
    }
    for (std::uint32_t i = read.position; i < known; ++i) {
      const TxnIndex next = writer(begin + i);
      if (next == no_txn) continue;
      // Its own version is before all later ones: the order of the versions says the rest.
      add(read.reader, next, Dependency::rw);
      return;
    }
    add_before_tail(read.reader, k, add);
  }

  template <class Add>
  void add_before_tail(TxnIndex reader, TxnKey k, const Add& add) const {
    const auto tail = orders_.tail(k);
    if (!has_helpers(k)) {
      for (const TxnIndex t : tail) add(reader, t, Dependency::rw);
      return;
    }
    const auto size = static_cast<NodeIndex>(tail.size());
    const auto own = std::lower_bound(tail.begin(), tail.end(), reader);
    if (own == tail.end() || *own != reader) {
      add(reader, first_helper(k, size - 1), Dependency::rw);
      return;
    }
    const auto i = static_cast<NodeIndex>(own - tail.begin());
    if (i > 0) add(reader, first_helper(k, i - 1), Dependency::rw);
    if (i + 1 < size) add(reader, last_helper(k, i + 1), Dependency::rw);
  }

  /// A version of unknown place: before what is known to have replaced it.
  template <class Add>
  void add_before_steps(const VersionRead& read, const Add& add) const {
    const std::pair<TxnKey, std::uint32_t> wanted{
        read.key, static_cast<std::uint32_t>(orders_.begin[read.key]) + read.position - 1};
    auto at = std::lower_bound(
        successors_.begin(), successors_.end(), wanted,
        [&](std::uint32_t step, const auto& key) { return key_of(orders_.steps[step]) < key; });
    for (; at != successors_.end() && key_of(orders_.steps[*at]) == wanted; ++at) {
      add(read.reader, writer(orders_.steps[*at].after), Dependency::rw);
    }
  }

  template <class Add>
  void add_process(SessionId s, const Add& add) const {
    TxnIndex last = no_txn;
    for (const TxnIndex t : txns_.session(s)) {
      if (!orders_.committed[t]) continue;
      add(last, t, Dependency::process);
      // An indeterminate one may take effect at any later time.
      if (txns_[t].outcome == Outcome::ok) last = t;
    }
  }

  void sort_by_end() {
    for (TxnIndex t = 0; t < txns_.size(); ++t) {
      if (txns_[t].outcome == Outcome::ok) by_end_.push_back(t);
    }
    tbb::parallel_sort(by_end_.begin(), by_end_.end(), [&](TxnIndex a, TxnIndex b) {
      return txns_[a].end != txns_[b].end ? txns_[a].end < txns_[b].end : a < b;
    });
  }

  /// One barrier a completion: a transaction that is over comes before its barrier, a barrier
  /// before the next one, and the last barrier before a transaction began comes before it.
  template <class Add>
  void add_barrier(std::size_t i, const Add& add) const {
    add(by_end_[i], barrier(i), Dependency::realtime);
    if (i > 0) add(barrier(i - 1), barrier(i), Dependency::through);
  }
  template <class Add>
  void add_begins(TxnIndex first, TxnIndex end, const Add& add) const {
    std::size_t over = 0;
    std::int64_t latest = std::numeric_limits<std::int64_t>::max();
    for (TxnIndex t = first; t < end; ++t) {
      if (!orders_.committed[t]) continue;
      // Invocations come in order of time, mostly; ends that tie are concurrent.
      if (txns_[t].start < latest) {
        over = static_cast<std::size_t>(
            std::lower_bound(by_end_.begin(), by_end_.end(), txns_[t].start,
                             [&](TxnIndex a, std::int64_t start) { return txns_[a].end < start; }) -
            by_end_.begin());
      } else {
        while (over < by_end_.size() && txns_[by_end_[over]].end < txns_[t].start) ++over;
      }
      latest = txns_[t].start;
      if (over > 0) add(barrier(over - 1), t, Dependency::through);
    }
  }
  NodeIndex barrier(std::size_t i) const { return static_cast<NodeIndex>(first_barrier_ + i); }

  const Transactions& txns_;
  const VersionOrders& orders_;
  OrderBase base_;
  std::vector<std::size_t> helpers_;
  std::vector<std::uint32_t> successors_;
  std::vector<TxnIndex> by_end_;
  std::size_t first_barrier_ = 0;
  std::size_t node_count_ = 0;
};

}  // namespace

std::string_view name_of(Dependency kind) {
  return dependency_names.at(static_cast<std::size_t>(kind));
}

Dependencies dependencies_of(const Transactions& txns, const VersionOrders& orders,
                             OrderBase base) {
  const DependencyBuilder builder(txns, orders, base);
  Dependencies graph;
  graph.transactions_ = txns.size();
  graph.first_barrier_ = builder.first_barrier();
  const std::size_t nodes = builder.node_count();
  // Not as many as there are threads: the order of the edges, and so the witness, must not depend
  // on them.
  constexpr std::size_t part_min = 50'000;
  constexpr std::size_t parts_max = 4;
  const std::size_t parts = std::clamp<std::size_t>(txns.size() / part_min, 1, parts_max);
  // One after the other they can share their counts, which take as much memory as the edges.
  const bool alone = tbb::this_task_arena::max_concurrency() == 1;
  const auto each_part = [&](const auto& visit) {
    if (!alone) return tbb::parallel_for(std::size_t{0}, parts, visit);
    for (std::size_t part = 0; part < parts; ++part) visit(part);
  };
  // By part and node: how many edges out of it; then where the next one goes.
  std::vector<std::vector<std::uint32_t>> next(alone ? 1 : parts,
                                               std::vector<std::uint32_t>(nodes, 0));
  const auto next_of = [&](std::size_t part) { return next[alone ? 0 : part].data(); };
  each_part([&](std::size_t part) {
    std::uint32_t* const count = next_of(part);
    builder.each_edge(
        part, parts, [&](NodeIndex from, NodeIndex /*to*/, Dependency /*kind*/) { ++count[from]; });
  });
  graph.offsets_.assign(nodes + 1, 0);
  std::size_t edges = 0;
  for (std::size_t node = 0; node < nodes; ++node) {
    for (auto& of_part : next) {
      edges += std::exchange(of_part[node], static_cast<std::uint32_t>(edges));
    }
    ASSAY_ASSERT(edges <= std::numeric_limits<std::uint32_t>::max());
    graph.offsets_[node + 1] = static_cast<std::uint32_t>(edges);
  }
  graph.edges_.resize(edges);
  each_part([&](std::size_t part) {
    std::uint32_t* const place = next_of(part);
    builder.each_edge(part, parts, [&](NodeIndex from, NodeIndex to, Dependency kind) {
      graph.edges_[place[from]++] = Dependencies::Edge(to, kind);
    });
  });
  return graph;
}

Dependencies dependencies_from(std::size_t transactions, std::span<const DependencyEdge> edges) {
  Dependencies graph;
  graph.transactions_ = transactions;
  graph.first_barrier_ = transactions;
  graph.offsets_.assign(transactions + 1, 0);
  for (const DependencyEdge& edge : edges) ++graph.offsets_[edge.from + std::size_t{1}];
  std::partial_sum(graph.offsets_.begin(), graph.offsets_.end(), graph.offsets_.begin());
  graph.edges_.resize(edges.size());
  std::vector<std::uint32_t> next(graph.offsets_.begin(), graph.offsets_.end() - 1);
  for (const DependencyEdge& edge : edges) {
    graph.edges_[next[edge.from]++] = Dependencies::Edge(edge.to, edge.kind);
  }
  return graph;
}

}  // namespace assay
