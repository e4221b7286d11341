#include "checker/linearizability/containers/decide.h"

#include <algorithm>
#include <utility>

#include "checker/linearizability/containers/coverage.h"

namespace assay {
namespace {

/// A removal that ended before its insertion began, or an empty removal with something inside all
/// the time.
ContainerOutcome check_inside(ContainerKind kind, std::span<const Element> elements,
                              std::span<const Extent> empties) {
  ContainerOutcome outcome;
  std::vector<Cover> covers;
  covers.reserve(empties.empty() ? 0 : elements.size());
  for (std::uint32_t i = 0; i < elements.size(); ++i) {
    const Element& e = elements[i];
    if (e.out.end < e.in.start) {
      outcome.pattern = ContainerPattern::too_early;
      outcome.elements = {i};
      return outcome;
    }
    if (!empties.empty()) covers.push_back({e.in.end, e.out.start, i});
  }
  // Elements of a priority queue may have to stay longer; decide_priority looks at its own.
  if (empties.empty() || kind == ContainerKind::priority) return outcome;
  const Coverage inside(std::move(covers));
  for (std::uint32_t k = 0; k < empties.size(); ++k) {
    if (inside.free_instant(empties[k]).has_value()) continue;
    outcome.pattern = ContainerPattern::not_empty;
    outcome.empties = {k};
    outcome.elements = inside.chain(empties[k]);
    return outcome;
  }
  return outcome;
}

/// Each element as late in and as early out as it can be; the empty removals where nothing is
/// inside.
std::vector<std::uint64_t> order_of_bag(std::span<const Element> elements,
                                        std::span<const Extent> empties) {
  struct Placed {
    std::int64_t instant;
    int turn;  ///< removals, then pairs and empty removals, then insertions
    std::uint64_t event;
  };
  std::vector<Placed> placed;
  std::vector<Cover> covers;
  placed.reserve(2 * elements.size() + empties.size());
  for (std::uint32_t i = 0; i < elements.size(); ++i) {
    const Element& e = elements[i];
    covers.push_back({e.in.end, e.out.start, i});
    if (e.in.end >= e.out.start) {
      const std::int64_t instant = std::max(e.in.start, e.out.start);
      placed.push_back({instant, 1, e.in.event});
      placed.push_back({instant, 1, e.out.event});
      continue;
    }
    placed.push_back({e.in.end, 2, e.in.event});
    if (e.out.start != never) placed.push_back({e.out.start, 0, e.out.event});
  }
  const Coverage inside(std::move(covers));
  for (const Extent& empty : empties) {
    placed.push_back({*inside.free_instant(empty), 1, empty.event});
  }
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return a.instant != b.instant ? a.instant < b.instant : a.turn < b.turn;
  });
  std::vector<std::uint64_t> events;
  events.reserve(placed.size());
  for (const Placed& p : placed) events.push_back(p.event);
  return events;
}

}  // namespace

ContainerOutcome decide_container(ContainerKind kind, std::span<const Element> elements,
                                  std::span<const Extent> empties, bool want_order) {
  ContainerOutcome outcome = check_inside(kind, elements, empties);
  if (outcome.pattern != ContainerPattern::none) return outcome;
  switch (kind) {
    case ContainerKind::fifo:
      return decide_queue(elements, empties, want_order);
    case ContainerKind::stack:
      return decide_stack(elements, empties, want_order);
    case ContainerKind::priority:
      return decide_priority(elements, empties, want_order);
    case ContainerKind::bag:
      break;
  }
  if (want_order) outcome.order = order_of_bag(elements, empties);
  return outcome;
}

}  // namespace assay
