// Bags and FIFO queues.
#include <algorithm>
#include <numeric>

#include "base/assert.h"
#include "checker/linearizability/containers/coverage.h"
#include "checker/linearizability/containers/decide.h"
#include "checker/linearizability/sorting.h"

namespace assay {
namespace {

/// The elements, and the empty removals as elements that are put in and taken out at one instant
/// at which nothing else is inside; ends tightened: an insertion comes before its removal.
struct Entry {
  std::int64_t in_start;
  std::int64_t in_end;
  std::int64_t out_start;
  std::int64_t out_end;
  std::uint64_t in_event;
  std::uint64_t out_event;  ///< no_event: an empty removal
  bool stays;               ///< nobody took it out
};

std::vector<Entry> entries_of(std::span<const Element> elements, std::span<const Extent> empties,
                              const Coverage& inside) {
  std::vector<Entry> entries;
  entries.reserve(elements.size() + empties.size());
  for (const Element& e : elements) {
    entries.push_back({e.in.start, std::min(e.in.end, e.out.end), std::max(e.in.start, e.out.start),
                       e.out.end, e.in.event, e.out.event, e.out.start == never});
  }
  for (const Extent& empty : empties) {
    const std::int64_t instant = *inside.free_instant(empty);
    entries.push_back({instant, instant, instant, instant, empty.event, no_event, true});
  }
  // The free instants ascend as the removals do.
  const auto first_empty = entries.begin() + static_cast<std::ptrdiff_t>(elements.size());
  std::inplace_merge(entries.begin(), first_empty, entries.end(),
                     [](const Entry& a, const Entry& b) { return a.in_start < b.in_start; });
  return entries;
}

/// Positions of entries, ascending by a key.
template <class Key>
std::vector<std::uint32_t> sorted_by(const std::vector<Entry>& entries, Key key) {
  std::vector<std::pair<std::int64_t, std::uint32_t>> keyed;
  keyed.reserve(entries.size());
  for (std::uint32_t i = 0; i < entries.size(); ++i) keyed.emplace_back(key(entries[i]), i);
  sort_by_instant(keyed, [](const auto& pair) { return pair.first; });
  std::vector<std::uint32_t> order;
  order.reserve(entries.size());
  for (const auto& [unused, i] : keyed) order.push_back(i);
  return order;
}

/// Entries in an order that agrees with both "inserted before" and "removed before"; shorter than
/// the entries if there is none.
std::vector<std::uint32_t> common_order(const std::vector<Entry>& entries) {
  const std::size_t n = entries.size();
  const auto by_in_end = sorted_by(entries, [](const Entry& e) { return e.in_end; });
  const auto by_out_start = sorted_by(entries, [](const Entry& e) { return e.out_start; });
  const auto by_out_end = sorted_by(entries, [](const Entry& e) { return e.out_end; });
  std::vector<std::uint8_t> reasons(n, 0);  // 1: no insertion must come before its; 2: no removal
  std::vector<bool> gone(n, false);
  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> free;
  order.reserve(n);
  std::size_t in = 0;
  std::size_t out = 0;
  std::size_t first_in = 0;
  std::size_t first_out = 0;
  const auto allow = [&](std::uint32_t i, std::uint8_t reason) {
    reasons[i] |= reason;
    if (reasons[i] == 3) free.push_back(i);
  };
  while (order.size() < n) {
    while (gone[by_in_end[first_in]]) ++first_in;
    while (gone[by_out_end[first_out]]) ++first_out;
    const std::int64_t in_end = entries[by_in_end[first_in]].in_end;
    const std::int64_t out_end = entries[by_out_end[first_out]].out_end;
    for (; in < n && entries[in].in_start <= in_end; ++in) {
      allow(static_cast<std::uint32_t>(in), 1);
    }
    for (; out < n && entries[by_out_start[out]].out_start <= out_end; ++out) {
      allow(by_out_start[out], 2);
    }
    if (free.empty()) break;
    for (const std::uint32_t i : free) {
      gone[i] = true;
      order.push_back(i);
    }
    free.clear();
  }
  return order;
}

/// Insertions and removals, each in this order and as early as possible, removals first.
std::vector<std::uint64_t> interleave(const std::vector<Entry>& entries,
                                      const std::vector<std::uint32_t>& order) {
  const std::size_t n = order.size();
  std::vector<std::int64_t> in_at(n);
  std::vector<std::int64_t> out_at(n);
  std::int64_t in_latest = std::numeric_limits<std::int64_t>::min();
  std::int64_t out_latest = in_latest;
  for (std::size_t k = 0; k < n; ++k) {
    in_latest = std::max(in_latest, entries[order[k]].in_start);
    out_latest = std::max({out_latest, entries[order[k]].out_start, in_latest});
    in_at[k] = in_latest;
    out_at[k] = out_latest;
  }
  std::vector<std::uint64_t> events;
  events.reserve(2 * n);
  std::size_t in = 0;
  for (std::size_t out = 0; out < n;) {
    if (in < n && (out == in || in_at[in] < out_at[out])) {
      events.push_back(entries[order[in++]].in_event);
      continue;
    }
    const Entry& entry = entries[order[out++]];
    if (!entry.stays) events.push_back(entry.out_event);
  }
  return events;
}

/// Two elements that were put in in one order and taken out in the other.
std::vector<std::uint32_t> crossing_pair(std::span<const Element> elements) {
  // By position: of the elements from there on, the one whose removal ended first.
  std::vector<std::uint32_t> first_out(elements.size());
  for (std::size_t i = elements.size(); i-- > 0;) {
    first_out[i] = static_cast<std::uint32_t>(i);
    if (i + 1 < elements.size() && elements[first_out[i + 1]].out.end < elements[i].out.end) {
      first_out[i] = first_out[i + 1];
    }
  }
  for (std::uint32_t a = 0; a < elements.size(); ++a) {
    const auto later = std::upper_bound(
        elements.begin(), elements.end(), elements[a].in.end,
        [](std::int64_t instant, const Element& e) { return instant < e.in.start; });
    if (later == elements.end()) continue;
    const std::uint32_t b = first_out[static_cast<std::size_t>(later - elements.begin())];
    if (elements[b].out.end < elements[a].out.start) return {a, b};
  }
  return {};
}

}  // namespace

ContainerOutcome decide_queue(std::span<const Element> elements, std::span<const Extent> empties,
                              bool want_order) {
  std::vector<Cover> covers;
  covers.reserve(empties.empty() ? 0 : elements.size());
  if (!empties.empty()) {
    for (std::uint32_t i = 0; i < elements.size(); ++i) {
      covers.push_back({elements[i].in.end, elements[i].out.start, i});
    }
  }
  const Coverage inside(std::move(covers));
  const auto entries = entries_of(elements, empties, inside);
  const auto order = common_order(entries);
  ContainerOutcome outcome;
  if (order.size() == entries.size()) {
    if (want_order) outcome.order = interleave(entries, order);
    return outcome;
  }
  outcome.pattern = ContainerPattern::wrong_order;
  outcome.elements = crossing_pair(elements);
  ASSAY_ASSERT(!outcome.elements.empty());
  return outcome;
}

}  // namespace assay
