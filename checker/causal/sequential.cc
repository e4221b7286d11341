#include "checker/causal/sequential.h"

#include <string>
#include <unordered_set>

namespace assay::causal {
namespace {

constexpr std::uint64_t most_configurations = 4'000'000;

class Search {
 public:
  Search(const Observations& seen, const View& view, const SearchLimits& limits)
      : seen_(seen),
        view_(view),
        limits_(limits),
        at_(seen.session_count(), 0),
        last_(seen.transactions->key_count(), weak::initial_node) {}

  SequentialSearch run() {
    // Depth first without recursion: a frame a branching, with the next session to try.
    struct Frame {
      std::size_t placed;
      std::uint32_t next;
    };
    std::vector<Frame> frames;
    take_reads();
    frames.push_back({order_.size(), 0});
    while (!frames.empty()) {
      if (order_.size() == seen_.by_session.size()) {
        result_.order = order_;
        return result_;
      }
      if (result_.configurations >= most_configurations ||
          ((result_.configurations & 0xfffU) == 0 && limits_.time_is_up())) {
        result_.complete = false;
        return result_;
      }
      Frame& frame = frames.back();
      undo(frame.placed);
      bool moved = false;
      while (frame.next < at_.size() && !moved) {
        const std::uint32_t s = frame.next++;
        if (!can_take(s)) continue;
        take(s);
        take_reads();
        moved = remember();
        if (!moved) undo(frame.placed);
      }
      if (moved) {
        frames.push_back({order_.size(), 0});
      } else {
        frames.pop_back();
      }
    }
    return result_;
  }

 private:
  Node next_of(std::uint32_t s) const { return seen_.by_session[seen_.session_begin[s] + at_[s]]; }
  bool ended(std::uint32_t s) const { return at_[s] == seen_.nodes_of(s).size(); }

  bool can_take(std::uint32_t s) const {
    if (ended(s)) return false;
    const Node node = next_of(s);
    const auto past = view_.clock(node);
    for (std::uint32_t other = 0; other < at_.size(); ++other) {
      if (past[other] > at_[other] + (other == s ? 1 : 0)) return false;
    }
    for (const weak::Read& read : seen_.reads_of(node)) {
      if (last_[read.key] != read.writer) return false;
    }
    return true;
  }

  void take(std::uint32_t s) {
    const Node node = next_of(s);
    for (const TxnKey key : seen_.writes_of(node)) {
      overwritten_.push_back(last_[key]);
      last_[key] = node;
    }
    ++at_[s];
    order_.push_back(node);
  }

  void take_reads() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::uint32_t s = 0; s < at_.size(); ++s) {
        while (!ended(s) && seen_.writes_of(next_of(s)).empty() && can_take(s)) {
          take(s);
          moved = true;
        }
      }
    }
  }

  void undo(std::size_t placed) {
    while (order_.size() > placed) {
      const Node node = order_.back();
      order_.pop_back();
      --at_[seen_.session[node]];
      const auto keys = seen_.writes_of(node);
      for (std::size_t i = keys.size(); i-- > 0;) {
        last_[keys[i]] = overwritten_.back();
        overwritten_.pop_back();
      }
    }
  }

  /// False if this configuration was met before: what remains depends on nothing else.
  bool remember() {
    std::string all(reinterpret_cast<const char*>(at_.data()), at_.size() * sizeof(at_[0]));
    all.append(reinterpret_cast<const char*>(last_.data()), last_.size() * sizeof(last_[0]));
    bytes_ += all.size() + 64;
    ++result_.configurations;
    if (limits_.memory_bytes != 0 && bytes_ > limits_.memory_bytes) {
      result_.configurations = most_configurations;
    }
    return met_.insert(std::move(all)).second;
  }

  const Observations& seen_;
  const View& view_;
  const SearchLimits& limits_;
  std::vector<std::uint32_t> at_;  ///< by session: how many operations are placed
  std::vector<Node> last_;         ///< by key: the last write
  std::vector<Node> overwritten_;
  std::vector<Node> order_;
  std::unordered_set<std::string> met_;
  std::uint64_t bytes_ = 0;
  SequentialSearch result_;
};

}  // namespace

SequentialSearch search_sequential(const Observations& seen, const View& view,
                                   const SearchLimits& limits) {
  return Search(seen, view, limits).run();
}

}  // namespace assay::causal
