#pragma once
// Sorting what histories are made of: instants that are nearly in order, or lie close together.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "history/history.h"

namespace assay {

/// Stable. For items of which each is only a few places away from where it belongs, as operations
/// are when they are sorted by their starts and wanted by their ends: O(n) then, O(n log n) always.
template <class T, class Less>
void sort_nearly(std::vector<T>& items, Less less) {
  std::size_t moves = 8 * items.size();
  for (std::size_t i = 1; i < items.size(); ++i) {
    if (!less(items[i], items[i - 1])) continue;
    T item = std::move(items[i]);
    std::size_t at = i;
    for (; at > 0 && less(item, items[at - 1]); --at) items[at] = std::move(items[at - 1]);
    items[at] = std::move(item);
    if (i - at > moves) {
      std::stable_sort(items.begin(), items.end(), less);
      return;
    }
    moves -= i - at;
  }
}

/// Stable, by a 64-bit integer. O(n) if the integers lie within a range not much larger than n, as
/// positions of events do: one pass for each eleven bits of it. O(n log n) always.
template <class T, class Instant>
void sort_by_instant(std::vector<T>& items, Instant instant) {
  constexpr unsigned digit_bits = 11;
  constexpr unsigned passes_at_most = 4;
  const auto earlier = [&](const T& a, const T& b) { return instant(a) < instant(b); };
  if (std::is_sorted(items.begin(), items.end(), earlier)) return;
  std::int64_t least = never;
  std::int64_t most = std::numeric_limits<std::int64_t>::min();
  for (const T& item : items) {
    least = std::min(least, instant(item));
    if (instant(item) != never) most = std::max(most, instant(item));
  }
  // What never happens comes right after all that does.
  const std::uint64_t range =
      static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least) + 1;
  const auto bits = static_cast<unsigned>(std::bit_width(range));
  if (items.size() < 256 || range == 0 || bits > digit_bits * passes_at_most) {
    std::stable_sort(items.begin(), items.end(), earlier);
    return;
  }
  const auto distance = [&](const T& item) {
    return instant(item) == never
               ? range
               : static_cast<std::uint64_t>(instant(item)) - static_cast<std::uint64_t>(least);
  };
  constexpr std::size_t digits = std::size_t{1} << digit_bits;
  std::vector<T> other(items.size());
  for (unsigned shift = 0; shift < bits; shift += digit_bits) {
    std::array<std::size_t, digits> place{};
    for (const T& item : items) ++place[(distance(item) >> shift) & (digits - 1)];
    std::size_t sum = 0;
    for (std::size_t& count : place) sum += std::exchange(count, sum);
    for (T& item : items) {
      other[place[(distance(item) >> shift) & (digits - 1)]++] = std::move(item);
    }
    std::swap(items, other);
  }
}

}  // namespace assay
