#include "checker/linearizability/shrink.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace assay {
namespace {

constexpr std::int64_t first_tick = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t last_tick = std::numeric_limits<std::int64_t>::max() - 1;

bool is_pending(const Span& span) { return span.end > last_tick; }

}  // namespace

Shrunk shrink(Subset failing, const StillFails& still_fails, const std::function<bool()>& give_up) {
  for (std::size_t length = std::max<std::size_t>(1, failing.size() / 2); !give_up();) {
    bool removed = false;
    for (std::size_t begin = 0; begin < failing.size() && !give_up();) {
      const std::size_t end = std::min(begin + length, failing.size());
      Subset rest(failing.begin(), failing.begin() + static_cast<std::ptrdiff_t>(begin));
      rest.insert(rest.end(), failing.begin() + static_cast<std::ptrdiff_t>(end), failing.end());
      Subset smaller;
      if (still_fails(rest, smaller) && smaller.size() < failing.size()) {
        failing = std::move(smaller);
        removed = true;
      } else {
        begin += length;
      }
    }
    if (length > 1) {
      length /= 2;
    } else if (!removed) {
      return {std::move(failing), true};
    }
  }
  return {std::move(failing), false};
}

std::vector<Precedence> essential_precedences(
    std::vector<Span> spans, const std::function<bool(std::span<const Span>)>& fails) {
  const auto try_with = [&](std::int64_t& end_point, std::int64_t wider) {
    const std::int64_t old = std::exchange(end_point, wider);
    if (fails(spans)) return true;
    end_point = old;
    return false;
  };
  // An end point matters only by the others' end points that it lies beyond, so those are the
  // places to try, the widest first.
  for (std::size_t i = 0; i < spans.size(); ++i) {
    std::vector<std::int64_t> places{first_tick};
    for (const Span& other : spans) {
      if (!is_pending(other) && other.end < spans[i].start) places.push_back(other.end);
    }
    std::sort(places.begin(), places.end());
    std::any_of(places.begin(), places.end(),
                [&](std::int64_t place) { return try_with(spans[i].start, place); });
    if (is_pending(spans[i])) continue;
    places.assign(1, last_tick);
    for (const Span& other : spans) {
      if (other.start > spans[i].end) places.push_back(other.start);
    }
    std::sort(places.rbegin(), places.rend());
    std::any_of(places.begin(), places.end(),
                [&](std::int64_t place) { return try_with(spans[i].end, place); });
  }
  const auto precedes = [&](std::size_t a, std::size_t b) { return spans[a].end < spans[b].start; };
  std::vector<Precedence> result;
  for (std::uint32_t a = 0; a < spans.size(); ++a) {
    for (std::uint32_t b = 0; b < spans.size(); ++b) {
      if (!precedes(a, b)) continue;
      bool implied = false;
      for (std::size_t c = 0; c < spans.size(); ++c) {
        implied = implied || (precedes(a, c) && precedes(c, b));
      }
      if (!implied) result.push_back({a, b});
    }
  }
  return result;
}

}  // namespace assay
