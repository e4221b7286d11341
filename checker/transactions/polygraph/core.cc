#include "checker/transactions/polygraph/core.h"

#include <algorithm>
#include <span>

#include "base/random.h"

namespace assay::polygraph {
namespace {

class CoreFinder {
 public:
  CoreFinder(const Facts& facts, const Rules& rules, const SearchLimits& limits)
      : facts_(facts), rules_(rules), limits_(limits) {}

  Core run(const std::vector<NodeId>& suspects) {
    std::vector<NodeId> near = by_distance(suspects);
    std::size_t size = std::max<std::size_t>(suspects.size(), 4);
    while (size < near.size() && !contradictory({}, std::span(near).first(size))) size *= 2;
    near.resize(std::min(size, near.size()));
    Core best = minimise(near);
    // Which core is found depends on the order: a few others of what is near may give a smaller
    // one.
    constexpr std::size_t nearest = 64;
    near = by_distance(best.nodes);
    near.resize(std::min(nearest, near.size()));
    constexpr int tries = 6;
    constexpr std::size_t small = 3;
    Random random(1);
    for (int i = 0; i < tries && best.nodes.size() > small && !limits_.time_is_up(); ++i) {
      random.shuffle(std::span(near));
      Core other = minimise(near);
      if (other.minimal && other.nodes.size() < best.nodes.size()) best = std::move(other);
    }
    std::sort(best.nodes.begin(), best.nodes.end());
    return best;
  }

 private:
  bool contradictory(std::span<const NodeId> kept, std::span<const NodeId> also) {
    std::vector<NodeId> part(kept.begin(), kept.end());
    part.insert(part.end(), also.begin(), also.end());
    std::sort(part.begin(), part.end());
    const Decision decision = decide(facts_.part(part), rules_, limits_);
    if (decision.answer == Answer::unknown) undecided_ = true;
    return decision.answer == Answer::contradiction;
  }

  /// The last one of the shortest contradictory prefix is needed; then the same with it kept.
  Core minimise(std::span<const NodeId> rest) {
    undecided_ = false;
    std::vector<NodeId> kept;
    while (!contradictory(kept, {})) {
      std::size_t low = 0;
      std::size_t high = rest.size();
      while (high - low > 1) {
        const std::size_t middle = (low + high) / 2;
        (contradictory(kept, rest.first(middle)) ? high : low) = middle;
      }
      if (high == 0) break;
      kept.push_back(rest[high - 1]);
      rest = rest.first(high - 1);
    }
    return {std::move(kept), !undecided_};
  }

  /// Suspects first, then whom they read from, who read from them, and who wrote the same keys.
  std::vector<NodeId> by_distance(const std::vector<NodeId>& suspects) const {
    std::vector<std::vector<NodeId>> writers(facts_.key_count);
    std::vector<std::vector<NodeId>> readers(facts_.nodes.size());
    for (NodeId n = 0; n < facts_.nodes.size(); ++n) {
      for (const TxnKey key : facts_.writes_of(n)) writers[key].push_back(n);
      for (const ExternalRead& read : facts_.reads_of(n)) {
        for (const NodeId w : facts_.candidates_of(read)) {
          if (w != initial_writer) readers[w].push_back(n);
        }
      }
    }
    std::vector<NodeId> order;
    std::vector<bool> seen(facts_.nodes.size(), false);
    std::vector<bool> key_seen(facts_.key_count, false);
    const auto meet = [&](NodeId n) {
      if (n == initial_writer || seen[n]) return;
      seen[n] = true;
      order.push_back(n);
    };
    for (const NodeId n : suspects) meet(n);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const NodeId n = order[i];
      for (const ExternalRead& read : facts_.reads_of(n)) {
        for (const NodeId w : facts_.candidates_of(read)) meet(w);
      }
      for (const NodeId r : readers[n]) meet(r);
      for (const TxnKey key : facts_.writes_of(n)) {
        if (key_seen[key]) continue;
        key_seen[key] = true;
        for (const NodeId w : writers[key]) meet(w);
      }
    }
    for (NodeId n = 0; n < facts_.nodes.size(); ++n) meet(n);
    return order;
  }

  const Facts& facts_;
  Rules rules_;
  SearchLimits limits_;
  bool undecided_ = false;
};

}  // namespace

Core find_core(const Facts& facts, const Rules& rules, const std::vector<NodeId>& suspects,
               const SearchLimits& limits) {
  return CoreFinder(facts, rules, limits).run(suspects);
}

}  // namespace assay::polygraph
