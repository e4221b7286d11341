#include "checker/linearizability/zones.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace assay {
namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();

struct Cluster {
  std::int64_t first_return;
  std::int64_t last_start;
  std::uint32_t writer;  ///< a call; none for the initial value
  std::uint32_t first_return_call;
  std::uint32_t last_start_call;
  std::uint32_t previous = none;  ///< the cluster whose value this one's cas replaced
  std::uint32_t next = none;
  std::uint32_t reads = 0;
  std::uint32_t a_proof = none;  ///< a returned call that observed its value
};

/// The chain of clusters that begins at `root`.
struct Block {
  std::int64_t f;
  std::int64_t s;
  std::uint32_t root;

  bool forward() const { return f < s; }
  std::int64_t low() const { return std::min(f, s); }
  bool operator<(const Block& other) const {
    if (low() != other.low()) return low() < other.low();
    if (forward() != other.forward()) return other.forward();
    return root < other.root;
  }
};

class ZoneTest {
 public:
  ZoneTest(std::span<const RegisterCall> calls, std::size_t value_count)
      : calls_(calls), cluster_of_value_(value_count, none) {}

  SearchResult run(bool want_order, const SearchLimits& limits) {
    SearchResult result;
    result.answer = SearchAnswer::not_linearizable;
    bool in_time = true;
    const auto still_in_time = [&] { return in_time = !limits.time_is_up(); };
    make_clusters();
    const bool agree = still_in_time() && join_observers() && still_in_time() && make_blocks() &&
                       still_in_time() && blocks_agree() && (!want_order || still_in_time());
    if (!in_time) {
      result.answer = SearchAnswer::undecided;
      result.reason = "the time ran out";
      return result;
    }
    if (agree) {
      result.answer = SearchAnswer::linearizable;
      if (want_order) write_order(result.order);
      return result;
    }
    std::sort(suspects_.begin(), suspects_.end());
    suspects_.erase(std::unique(suspects_.begin(), suspects_.end()), suspects_.end());
    result.suspects = std::move(suspects_);
    return result;
  }

 private:
  void make_clusters() {
    std::vector<bool> observed(cluster_of_value_.size(), false);
    std::size_t mutations = 0;
    for (const RegisterCall& call : calls_) {
      if (call.op.observes()) observed[call.op.observed()] = true;
      if (call.op.mutates()) ++mutations;
    }
    clusters_.reserve(mutations + 1);
    clusters_.push_back({earliest, earliest, none, none, none});
    cluster_of_value_[0] = 0;
    cluster_of_call_.assign(calls_.size(), none);
    for (std::uint32_t i = 0; i < calls_.size(); ++i) {
      const RegisterCall& call = calls_[i];
      if (!call.op.mutates()) continue;
      const auto cluster = static_cast<std::uint32_t>(clusters_.size());
      cluster_of_call_[i] = cluster;
      if (observed[call.op.value]) cluster_of_value_[call.op.value] = cluster;
      clusters_.push_back({call.end, call.start, i, i, i});
    }
  }

  /// Binds reads to clusters and clusters to chains.
  bool join_observers() {
    std::uint32_t orphan = none;
    std::uint32_t early = none;
    std::uint32_t rival = none;
    for (std::uint32_t i = 0; i < calls_.size(); ++i) {
      const RegisterCall& call = calls_[i];
      if (!call.op.observes()) continue;
      const std::uint32_t source = cluster_of_value_[call.op.observed()];
      if (source == none) {
        orphan = std::min(orphan, i);
        continue;
      }
      Cluster& cluster = clusters_[source];
      if (cluster.a_proof == none && !call.pending()) cluster.a_proof = i;
      if (call.op.mutates()) {
        const std::uint32_t own = cluster_of_call_[i];
        if (cluster.next != none) rival = std::min(rival, i);
        if (cluster.next == none) cluster.next = own;
        clusters_[own].previous = source;
        continue;
      }
      cluster_of_call_[i] = source;
      ++cluster.reads;
      if (cluster.writer != none && call.end < calls_[cluster.writer].start) {
        early = std::min(early, i);
      }
      if (call.end < cluster.first_return) {
        cluster.first_return = call.end;
        cluster.first_return_call = i;
      }
      if (call.start > cluster.last_start) {
        cluster.last_start = call.start;
        cluster.last_start_call = i;
      }
    }
    if (orphan != none) {
      suspect(orphan);
    } else if (early != none) {
      suspect(early);
      suspect(clusters_[cluster_of_call_[early]].writer);
    } else if (rival != none) {
      const Cluster& source = clusters_[cluster_of_value_[calls_[rival].op.expected]];
      suspect(rival);
      suspect(clusters_[source.next].writer);
      suspect(source.writer);
    }
    return suspects_.empty();
  }

  bool make_blocks() {
    std::size_t reached = 0;
    std::vector<bool> seen(clusters_.size(), false);
    for (std::uint32_t root = 0; root < clusters_.size(); ++root) {
      if (clusters_[root].previous != none) continue;
      Block block{std::numeric_limits<std::int64_t>::max(), earliest, root};
      for (std::uint32_t c = root; c != none; c = clusters_[c].next) {
        // Everything in the chain before c must be able to precede everything in c.
        if (clusters_[c].first_return < block.s) return suspect_chain(root, c);
        block.f = std::min(block.f, clusters_[c].first_return);
        block.s = std::max(block.s, clusters_[c].last_start);
        seen[c] = true;
        ++reached;
      }
      blocks_.push_back(block);
    }
    if (reached == clusters_.size()) return true;
    // What no root leads to is a ring of cas, each of which needs another to have come first.
    std::uint32_t c = 0;
    while (seen[c]) ++c;
    for (const std::uint32_t begin = c;;) {
      suspect(clusters_[c].writer);
      c = clusters_[c].next;
      if (c == begin) return false;
    }
  }

  /// Something in `late` returned before something earlier in its chain began.
  bool suspect_chain(std::uint32_t root, std::uint32_t late) {
    std::vector<std::uint32_t> chain;
    for (std::uint32_t c = root; c != late; c = clusters_[c].next) chain.push_back(c);
    chain.push_back(late);
    const auto begins_after = [&](std::uint32_t c, std::uint32_t last) {
      return clusters_[c].last_start > clusters_[last].first_return;
    };
    // The fewer clusters between the two, the fewer operations the witness needs.
    std::size_t low = chain.size() - 2;
    while (!begins_after(chain[low], late)) --low;
    std::size_t high = low + 1;
    while (!begins_after(chain[low], chain[high])) ++high;
    suspect(clusters_[chain[low]].last_start_call);
    suspect(clusters_[chain[high]].first_return_call);
    for (std::size_t i = low; i <= high; ++i) suspect(clusters_[chain[i]].writer);
    return false;
  }

  bool blocks_agree() {
    if (!std::is_sorted(blocks_.begin(), blocks_.end())) std::sort(blocks_.begin(), blocks_.end());
    const Block* last_forward = nullptr;
    for (const Block& block : blocks_) {
      if (last_forward != nullptr && block.f < last_forward->s) {
        suspect_block(*last_forward, block);
        suspect_block(block, *last_forward);
        return false;
      }
      if (block.forward()) last_forward = &block;
    }
    return true;
  }

  /// What shows that `block` must come both before and after `other`.
  void suspect_block(const Block& block, const Block& other) {
    std::vector<std::uint32_t> chain;
    for (std::uint32_t c = block.root; c != none; c = clusters_[c].next) chain.push_back(c);
    std::size_t before = chain.size();  // the last cluster seen with a return before other.s
    std::size_t after = chain.size();   // … with a start after other.f
    std::size_t low = 0;
    std::size_t high = chain.size();
    std::size_t best_before = 0;
    std::size_t best_after = 0;
    for (std::size_t i = 0; i < chain.size(); ++i) {
      if (clusters_[chain[i]].first_return < other.s) before = i;
      if (clusters_[chain[i]].last_start > other.f) after = i;
      if (before == chain.size() || after == chain.size()) continue;
      if (high - low <= std::max(before, after) - std::min(before, after)) continue;
      low = std::min(before, after);
      high = std::max(before, after);
      best_before = before;
      best_after = after;
    }
    suspect(clusters_[chain[best_before]].first_return_call);
    suspect(clusters_[chain[best_after]].last_start_call);
    for (std::size_t i = low; i <= high && i < chain.size(); ++i) {
      suspect(clusters_[chain[i]].writer);
    }
  }

  /// Adds a call, and if it is pending those that show that it took effect.
  void suspect(std::uint32_t call) {
    while (call != none && std::find(suspects_.begin(), suspects_.end(), call) == suspects_.end()) {
      suspects_.push_back(call);
      if (!calls_[call].pending()) return;
      const Cluster& cluster = clusters_[cluster_of_call_[call]];
      if (cluster.a_proof != none) {
        call = cluster.a_proof;
      } else {
        call = cluster.next == none ? none : clusters_[cluster.next].writer;
      }
    }
  }

  void write_order(std::vector<std::uint32_t>& order) const {
    std::vector<std::uint32_t> position(clusters_.size());
    std::uint32_t end = 0;
    for (const Block& block : blocks_) {
      for (std::uint32_t c = block.root; c != none; c = clusters_[c].next) {
        if (clusters_[c].writer != none) ++end;
        position[c] = end;
        end += clusters_[c].reads;
      }
    }
    order.resize(end);
    for (std::uint32_t i = 0; i < calls_.size(); ++i) {
      const std::uint32_t c = cluster_of_call_[i];
      if (!calls_[i].op.mutates()) order[position[c]++] = i;
    }
    // A writer stands right before its reads, whose positions have moved past them by now.
    for (std::size_t c = 1; c < clusters_.size(); ++c) {
      order[position[c] - clusters_[c].reads - 1] = clusters_[c].writer;
    }
  }

  std::span<const RegisterCall> calls_;
  std::vector<std::uint32_t> cluster_of_value_;
  std::vector<std::uint32_t> cluster_of_call_;
  std::vector<Cluster> clusters_;
  std::vector<Block> blocks_;
  std::vector<std::uint32_t> suspects_;
};

}  // namespace

bool has_unique_writers(std::span<const RegisterCall> calls, std::size_t value_count) {
  std::vector<std::uint8_t> observed(value_count, 0);
  for (const RegisterCall& call : calls) {
    if (call.op.observes()) observed[call.op.observed()] = 1;
  }
  // The initial value counts as written.
  std::vector<std::uint8_t> written(value_count, 0);
  if (value_count != 0) written[0] = 1;
  for (const RegisterCall& call : calls) {
    if (!call.op.mutates() || observed[call.op.value] == 0) continue;
    if (written[call.op.value] != 0) return false;
    written[call.op.value] = 1;
  }
  return true;
}

SearchResult check_zones(std::span<const RegisterCall> calls, std::size_t value_count,
                         bool want_order, const SearchLimits& limits) {
  return ZoneTest(calls, value_count).run(want_order, limits);
}

}  // namespace assay
