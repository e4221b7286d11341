#pragma once
// A sequence of operations that is forced by what they returned: does it agree with real time?

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "checker/linearizability/extent.h"

namespace assay {

/// Two positions a < b such that b returned before a began, if there are any; `at(i)` is the i-th
/// of `size`. O(n).
template <class At>
std::optional<std::pair<std::size_t, std::size_t>> inversion(std::size_t size, At at) {
  std::int64_t latest_start = std::numeric_limits<std::int64_t>::min();
  std::size_t latest = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const Extent& span = at(i);
    if (span.end < latest_start) return std::pair{latest, i};
    if (span.start > latest_start) {
      latest_start = span.start;
      latest = i;
    }
  }
  return std::nullopt;
}

inline std::optional<std::pair<std::size_t, std::size_t>> inversion(
    std::span<const Extent> sequence) {
  return inversion(sequence.size(), [&](std::size_t i) -> const Extent& { return sequence[i]; });
}

inline std::vector<std::uint64_t> events_of(std::span<const Extent> sequence) {
  std::vector<std::uint64_t> events;
  events.reserve(sequence.size());
  for (const Extent& span : sequence) events.push_back(span.event);
  return events;
}

}  // namespace assay
