#include "checker/linearizability/stale_read.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace assay {
namespace {

constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();
constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();

/// A returned mutation: what it left, when it began.
struct Begun {
  std::int64_t start = earliest;
  std::uint32_t call = none;
  std::uint32_t value = none;
};

/// Of the mutations that have returned so far, the two that began last and left different values.
struct Latest {
  Begun first;
  Begun second;

  void add(const Begun& begun) {
    if (begun.start <= first.start) {
      if (begun.value != first.value && begun.start > second.start) second = begun;
      return;
    }
    if (begun.value != first.value) second = first;
    first = begun;
  }
  /// The one that began last and left another value than this.
  const Begun& other_than(std::uint32_t value) const {
    return first.value != value ? first : second;
  }
};

/// The supplier of a value that may return last, of those that have begun.
struct Supplier {
  std::int64_t end = earliest;
  std::uint32_t call = none;
};

}  // namespace

std::optional<std::vector<std::uint32_t>> find_stale_observer(std::span<const RegisterCall> calls,
                                                              std::size_t value_count) {
  std::vector<std::uint32_t> by_end;
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].pending()) by_end.push_back(i);
  }
  std::sort(by_end.begin(), by_end.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(calls[a].end, a) < std::pair(calls[b].end, b);
  });
  // When each observer begins: what had certainly replaced its value by then.
  std::vector<Begun> replaced_by(calls.size());
  Latest latest;
  std::size_t returned = 0;
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    for (; returned < by_end.size() && calls[by_end[returned]].end < calls[i].start; ++returned) {
      const std::uint32_t m = by_end[returned];
      if (calls[m].op.mutates()) latest.add({calls[m].start, m, calls[m].op.value});
    }
    if (calls[i].op.observes()) replaced_by[i] = latest.other_than(calls[i].op.observed());
  }
  // When it returns: what may still supply it. A cas does not supply itself.
  std::vector<std::pair<Supplier, Supplier>> suppliers(value_count);
  std::size_t begun = 0;
  for (const std::uint32_t i : by_end) {
    for (; begun < calls.size() && calls[begun].start <= calls[i].end; ++begun) {
      if (!calls[begun].op.mutates()) continue;
      auto& [best, next] = suppliers[calls[begun].op.value];
      const Supplier supplier{calls[begun].end, static_cast<std::uint32_t>(begun)};
      if (best.call == none || supplier.end > best.end) {
        next = std::exchange(best, supplier);
      } else if (next.call == none || supplier.end > next.end) {
        next = supplier;
      }
    }
    if (!calls[i].op.observes()) continue;
    const std::uint32_t value = calls[i].op.observed();
    const auto& [best, next] = suppliers[value];
    const Supplier& supplier = best.call == i ? next : best;
    const Begun& replaced = replaced_by[i];
    const bool supplied = supplier.call != none || value == 0;
    if (supplied && (replaced.call == none || supplier.end >= replaced.start)) continue;
    std::vector<std::uint32_t> shown{i};
    if (supplied) shown.push_back(replaced.call);
    if (supplier.call != none) shown.push_back(supplier.call);
    std::sort(shown.begin(), shown.end());
    return shown;
  }
  return std::nullopt;
}

}  // namespace assay
