// Priority queues.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "checker/linearizability/containers/coverage.h"
#include "checker/linearizability/containers/decide.h"
#include "checker/linearizability/containers/instants.h"
#include "checker/linearizability/sorting.h"

namespace assay {
namespace {

/// The elements, the smallest first.
std::vector<std::uint32_t> sorted_by_rank(std::span<const Element> elements) {
  constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
  std::vector<std::uint32_t> sorted(elements.size(), none);
  bool dense = true;  // the ranks are 0 … n-1, as those of a whole container are
  for (std::uint32_t i = 0; dense && i < elements.size(); ++i) {
    const std::uint32_t rank = elements[i].rank;
    dense = rank < sorted.size() && sorted[rank] == none;
    if (dense) sorted[rank] = i;
  }
  if (dense) return sorted;
  std::iota(sorted.begin(), sorted.end(), 0U);
  sort_by_instant(sorted, [&](std::uint32_t i) { return std::int64_t{elements[i].rank}; });
  return sorted;
}

/// From the smallest element to the largest, gives each the earliest instant to leave.
class Departures {
 public:
  explicit Departures(std::span<const Element> elements)
      : elements_(elements), by_rank_(sorted_by_rank(elements)), leaves_(elements.size(), 0) {
    std::vector<std::int64_t> instants;
    instants.reserve(2 * elements.size());
    for (const Element& e : elements) {
      instants.push_back(enters_latest(e));
      instants.push_back(leaves_earliest(e));
    }
    instants_ = Instants(std::move(instants));
    next_free_.resize(instants_.size() + 1);
    std::iota(next_free_.begin(), next_free_.end(), 0U);
  }

  static std::int64_t enters_latest(const Element& e) { return std::min(e.in.end, e.out.end); }
  static std::int64_t leaves_earliest(const Element& e) {
    return std::max(e.in.start, e.out.start);
  }

  /// The position in by_rank of the first element that cannot leave; the number of elements if all
  /// can.
  std::size_t run() {
    constexpr std::size_t ahead = 16;  // neighbours by rank lie far apart
    for (std::size_t k = 0; k < by_rank_.size(); ++k) {
      if (k + ahead < by_rank_.size()) __builtin_prefetch(&elements_[by_rank_[k + ahead]]);
      const Element& e = elements_[by_rank_[k]];
      const std::uint32_t at = free_from(instants_.position(leaves_earliest(e)));
      const std::int64_t instant = instants_[at];
      if (instant > e.out.end) return k;
      leaves_[by_rank_[k]] = instant;
      if (instant <= e.in.end) continue;
      for (std::uint32_t j = free_from(instants_.position(enters_latest(e)) + 1); j < at;
           j = free_from(j)) {
        next_free_[j] = j + 1;
      }
    }
    return by_rank_.size();
  }

  std::int64_t leaves(std::uint32_t element) const { return leaves_[element]; }
  const std::vector<std::uint32_t>& by_rank() const { return by_rank_; }

 private:
  std::uint32_t free_from(std::uint32_t at) {
    std::uint32_t root = at;
    while (next_free_[root] != root) root = next_free_[root];
    while (next_free_[at] != root) at = std::exchange(next_free_[at], root);
    return root;
  }

  std::span<const Element> elements_;
  std::vector<std::uint32_t> by_rank_;
  std::vector<std::int64_t> leaves_;      ///< by element
  Instants instants_;                     ///< all that matter
  std::vector<std::uint32_t> next_free_;  ///< by instant, union-find
};

/// Why nothing fits in `span`: smaller elements that are inside all the time, and for each why it
/// could not leave earlier.
std::vector<std::uint32_t> reasons(std::span<const Element> elements, const Departures& departures,
                                   std::size_t rank, const Extent& span) {
  std::vector<bool> known(elements.size(), false);
  std::vector<std::uint32_t> found;
  std::vector<std::pair<std::size_t, Extent>> open{{rank, span}};
  while (!open.empty()) {
    const auto [below, window] = open.back();
    open.pop_back();
    std::vector<Cover> covers;
    for (std::size_t k = 0; k < below; ++k) {
      const std::uint32_t i = departures.by_rank()[k];
      covers.push_back({elements[i].in.end, departures.leaves(i), static_cast<std::uint32_t>(k)});
    }
    for (const std::uint32_t k : Coverage(std::move(covers)).chain(window)) {
      const std::uint32_t i = departures.by_rank()[k];
      if (known[i]) continue;
      known[i] = true;
      found.push_back(i);
      const std::int64_t earliest = Departures::leaves_earliest(elements[i]);
      if (departures.leaves(i) > earliest) {
        open.push_back({k, {earliest, departures.leaves(i) - 1, no_event}});
      }
    }
  }
  return found;
}

struct Placed {
  std::int64_t instant;
  std::uint64_t turn;  ///< among those of one instant: removals and pairs by rank, empty removals
                       ///< after them, then insertions
  std::uint64_t event;
};

std::vector<std::uint64_t> order_of(std::span<const Element> elements,
                                    std::span<const Extent> empties, const Departures& departures,
                                    const Coverage& inside) {
  constexpr std::uint64_t after_removals = std::uint64_t{1} << 40U;
  std::vector<Placed> placed;
  placed.reserve(2 * elements.size() + empties.size());
  for (std::uint32_t i = 0; i < elements.size(); ++i) {
    const Element& e = elements[i];
    const std::int64_t out = departures.leaves(i);
    const std::uint64_t turn = 2 * std::uint64_t{e.rank};
    if (out <= e.in.end) {
      placed.push_back({out, turn, e.in.event});
    } else {
      placed.push_back({e.in.end, after_removals + 1, e.in.event});
    }
    if (out != never) placed.push_back({out, turn + 1, e.out.event});
  }
  for (const Extent& empty : empties) {
    placed.push_back({*inside.free_instant(empty), after_removals, empty.event});
  }
  std::sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    if (a.instant != b.instant) return a.instant < b.instant;
    return a.turn != b.turn ? a.turn < b.turn : a.event < b.event;
  });
  std::vector<std::uint64_t> events;
  events.reserve(placed.size());
  for (const Placed& p : placed) events.push_back(p.event);
  return events;
}

}  // namespace

ContainerOutcome decide_priority(std::span<const Element> elements, std::span<const Extent> empties,
                                 bool want_order) {
  ContainerOutcome outcome;
  Departures departures(elements);
  const std::size_t stuck = departures.run();
  if (stuck != elements.size()) {
    const std::uint32_t i = departures.by_rank()[stuck];
    outcome.pattern = ContainerPattern::overtaken;
    outcome.elements = reasons(
        elements, departures, stuck,
        {Departures::leaves_earliest(elements[i]), elements[i].out.end, elements[i].out.event});
    outcome.elements.push_back(i);
    return outcome;
  }
  std::vector<Cover> covers;
  if (!empties.empty()) {
    for (std::uint32_t i = 0; i < elements.size(); ++i) {
      covers.push_back({elements[i].in.end, departures.leaves(i), i});
    }
  }
  const Coverage inside(std::move(covers));
  for (std::uint32_t k = 0; k < empties.size(); ++k) {
    if (inside.free_instant(empties[k]).has_value()) continue;
    outcome.pattern = ContainerPattern::not_empty;
    outcome.empties = {k};
    outcome.elements = reasons(elements, departures, elements.size(), empties[k]);
    return outcome;
  }
  if (want_order) outcome.order = order_of(elements, empties, departures, inside);
  return outcome;
}

}  // namespace assay
