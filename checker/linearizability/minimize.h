#pragma once
// The smallest part that still fails. For a test that fails for every superset of a failing set.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace assay {

/// Of the units 0 … count-1, a set for which `fails` holds and of which no unit can be left out.
/// REQUIRES that it holds for all of them. O(k log(count) + k^2) tests for a result of k units that
/// lie together; fewer for few units.
template <class Fails>
std::vector<std::uint32_t> minimize(std::size_t count, Fails fails) {
  std::vector<std::uint32_t> kept(count);
  std::iota(kept.begin(), kept.end(), 0U);
  for (std::size_t chunk = std::max<std::size_t>(1, count / 2);; chunk /= 2) {
    for (std::size_t at = 0; at < kept.size();) {
      std::vector<std::uint32_t> rest(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(at));
      const std::size_t end = std::min(at + chunk, kept.size());
      rest.insert(rest.end(), kept.begin() + static_cast<std::ptrdiff_t>(end), kept.end());
      if (fails(rest)) {
        kept = std::move(rest);
      } else {
        at += chunk;
      }
    }
    if (chunk == 1) return kept;
  }
}

}  // namespace assay
