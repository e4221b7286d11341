// Stacks: split where nothing is inside, take away what can lie at the bottom, until nothing is
// left.
#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/containers/coverage.h"
#include "checker/linearizability/containers/decide.h"
#include "checker/linearizability/containers/instants.h"
#include "checker/linearizability/containers/trees.h"
#include "checker/linearizability/sorting.h"

namespace assay {
namespace {

/// An element that is certainly inside for some time, with instants as numbers.
struct Block {
  std::uint32_t from;  ///< certainly inside between these two, exclusively
  std::uint32_t to;
  std::uint32_t first;  ///< its insertion can be as early as this
  std::uint32_t last;   ///< its removal can be as late as this
  std::uint32_t element;
};

/// The bottom of a part: it lies there from `from` to `to`.
struct Bottom {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint32_t turn = 0;  ///< outer parts have smaller ones
};

class Decomposition {
 public:
  explicit Decomposition(std::span<const Element> elements) : elements_(elements) {
    std::vector<std::int64_t> instants;
    for (std::uint32_t i = 0; i < elements.size(); ++i) {
      const Element& e = elements[i];
      if (e.in.end >= e.out.start) continue;
      chosen_.push_back(i);
      instants.push_back(e.in.end);
      instants.push_back(e.out.start);
    }
    instants_ = Instants(std::move(instants));
    for (const std::uint32_t i : chosen_) {
      const Element& e = elements[i];
      // `first` is rounded up, `last` down: they are compared with instants of the table only.
      blocks_.push_back({instants_.position(e.in.end), instants_.position(e.out.start),
                         instants_.position(e.in.start), instants_.after(e.out.end) - 1, i});
    }
    sort_by_instant(blocks_, [](const Block& b) { return std::int64_t{b.from}; });
    bottoms_.resize(elements.size());
  }

  /// True if everything was taken away.
  bool run() {
    const std::size_t points = instants_.size();
    if (points == 0) return true;
    std::vector<std::int32_t> depth(points + 1, 0);
    for (const Block& b : blocks_) {
      if (b.to <= b.from + 1) continue;
      ++depth[b.from + 1];
      --depth[b.to];
    }
    for (std::size_t p = 1; p < points; ++p) depth[p] += depth[p - 1];
    depth.resize(points);
    free_ = PointSet(points);
    for (std::size_t p = 0; p < points; ++p) {
      if (depth[p] == 0) free_.insert(p);
    }
    inside_ = DepthTree(depth);
    starts_.resize(points + 1);
    for (const Block& b : blocks_) ++starts_[b.from + 1];
    for (std::size_t p = 0; p < points; ++p) starts_[p + 1] += starts_[p];
    std::vector<std::uint32_t> firsts;
    std::vector<std::uint32_t> lasts;
    for (const Block& b : blocks_) {
      firsts.push_back(b.first);
      lasts.push_back(std::numeric_limits<std::uint32_t>::max() - 1 - b.last);
    }
    not_first_ = MinTree(firsts);
    not_last_ = MinTree(lasts);
    met_.resize(blocks_.size(), 0);
    left_ = blocks_.size();
    for (std::size_t p = 0; p + 1 < points;) {
      const std::size_t q = free_.after(p);
      raise_left(p, q);
      lower_right(p, q);
      p = q;
    }
    while (!ready_.empty()) {
      const std::uint32_t b = ready_.back();
      ready_.pop_back();
      take(b);
    }
    return left_ == 0;
  }

  const std::vector<Bottom>& bottoms() const { return bottoms_; }
  std::int64_t instant(std::uint32_t number) const { return instants_[number]; }

  /// REQUIRES that run() failed. Of the first part with no bottom, elements that suffice.
  std::vector<std::uint32_t> stuck() const {
    std::uint32_t b = 0;
    while (met_[b] == taken) ++b;
    std::vector<Cover> covers;
    const std::uint32_t from = blocks_[b].from;
    std::uint32_t to = blocks_[b].to;
    for (; b < blocks_.size(); ++b) {
      if (met_[b] == taken) continue;
      if (!covers.empty() && blocks_[b].from >= to) break;
      to = std::max(to, blocks_[b].to);
      covers.push_back({blocks_[b].from, blocks_[b].to, blocks_[b].element});
    }
    // A chain of elements that covers all of it has no bottom either.
    auto chain =
        Coverage(std::move(covers)).chain({std::int64_t{from} + 1, std::int64_t{to} - 1, no_event});
    std::sort(chain.begin(), chain.end());
    return chain;
  }

 private:
  static constexpr std::uint8_t begins_early = 1;
  static constexpr std::uint8_t ends_late = 2;
  static constexpr std::uint8_t taken = 4;

  void meet(std::uint32_t b, std::uint8_t condition) {
    met_[b] |= condition;
    if (met_[b] == (begins_early | ends_late)) ready_.push_back(b);
  }
  /// The part between the free points p and q begins at p now.
  void raise_left(std::size_t p, std::size_t q) {
    not_first_.extract(starts_[p], starts_[q], static_cast<std::uint32_t>(p),
                       [&](std::uint32_t b) { meet(b, begins_early); });
  }
  /// … and ends at q.
  void lower_right(std::size_t p, std::size_t q) {
    not_last_.extract(starts_[p], starts_[q],
                      std::numeric_limits<std::uint32_t>::max() - 1 - static_cast<std::uint32_t>(q),
                      [&](std::uint32_t b) { meet(b, ends_late); });
  }

  void take(std::uint32_t b) {
    const Block& block = blocks_[b];
    met_[b] = taken;
    --left_;
    bottoms_[block.element] = {static_cast<std::uint32_t>(free_.at_or_before(block.from)),
                               static_cast<std::uint32_t>(free_.at_or_after(block.to)), turn_++};
    if (block.to <= block.from + 1) return;
    inside_.leave(block.from + 1, block.to, [&](std::size_t p) {
      const std::size_t before = free_.at_or_before(p);
      const std::size_t next = free_.at_or_after(p);
      free_.insert(p);
      lower_right(before, p);
      raise_left(p, next);
    });
  }

  std::span<const Element> elements_;
  std::vector<std::uint32_t> chosen_;
  Instants instants_;
  std::vector<Block> blocks_;        ///< by from
  std::vector<Bottom> bottoms_;      ///< by element
  std::vector<std::size_t> starts_;  ///< by instant: the first block that begins there or later
  DepthTree inside_;
  PointSet free_;
  MinTree not_first_;
  MinTree not_last_;
  std::vector<std::uint8_t> met_;
  std::vector<std::uint32_t> ready_;
  std::size_t left_ = 0;
  std::uint32_t turn_ = 0;
};

struct Placed {
  std::int64_t instant;
  std::int64_t turn;  ///< removals (negative, inner first), then pairs and empties, then insertions
  std::uint64_t event;
};

std::vector<std::uint64_t> order_of(std::span<const Element> elements,
                                    std::span<const Extent> empties, const Decomposition& parts,
                                    const Coverage& inside) {
  std::vector<Placed> placed;
  placed.reserve(2 * elements.size() + empties.size());
  for (std::uint32_t i = 0; i < elements.size(); ++i) {
    const Element& e = elements[i];
    if (e.in.end >= e.out.start) {
      // Never certainly inside: in and out at one instant.
      const std::int64_t instant = std::max(e.in.start, e.out.start);
      placed.push_back({instant, 0, e.in.event});
      placed.push_back({instant, 0, e.out.event});
      continue;
    }
    const Bottom& bottom = parts.bottoms()[i];
    const std::int64_t turn = std::int64_t{bottom.turn} + 1;
    placed.push_back({parts.instant(bottom.from), turn, e.in.event});
    if (e.out.start != never) placed.push_back({parts.instant(bottom.to), -turn, e.out.event});
  }
  for (const Extent& empty : empties) {
    placed.push_back({*inside.free_instant(empty), 0, empty.event});
  }
  // Stable: the two operations of a pair stay next to each other.
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return a.instant != b.instant ? a.instant < b.instant : a.turn < b.turn;
  });
  std::vector<std::uint64_t> events;
  events.reserve(placed.size());
  for (const Placed& p : placed) events.push_back(p.event);
  return events;
}

}  // namespace

ContainerOutcome decide_stack(std::span<const Element> elements, std::span<const Extent> empties,
                              bool want_order) {
  ContainerOutcome outcome;
  Decomposition parts(elements);
  if (!parts.run()) {
    outcome.pattern = ContainerPattern::no_bottom;
    outcome.elements = parts.stuck();
    return outcome;
  }
  if (!want_order) return outcome;
  std::vector<Cover> covers;
  if (!empties.empty()) {
    for (std::uint32_t i = 0; i < elements.size(); ++i) {
      covers.push_back({elements[i].in.end, elements[i].out.start, i});
    }
  }
  outcome.order = order_of(elements, empties, parts, Coverage(std::move(covers)));
  return outcome;
}

}  // namespace assay
