#pragma once
// The portfolio: the frontier search, a frontier that keeps only the most frugal configurations,
// and the descent take turns on one object, each with more steps than in its last turn, until one
// of them knows. Each is hopeless on histories that another finds easy. The result does not depend
// on the machine or on the number of threads.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "checker/linearizability/descent.h"
#include "checker/linearizability/frontier.h"
#include "checker/linearizability/limits.h"
#include "checker/linearizability/schedule.h"
#include "checker/linearizability/search.h"

namespace assay {

namespace detail {

template <SequentialModel M, std::size_t W>
SearchResult take_turns(const M& model, std::span<const Call<typename M::Op>> calls,
                        const Schedule& schedule, const SearchLimits& limits, bool want_order) {
  std::uint64_t configurations = 0;
  std::size_t explained = 0;
  SearchResult result;
  const auto decided = [&](SearchResult next) {
    result = std::move(next);
    configurations += result.configurations;
    explained = std::max(explained, result.calls_explained);
    result.configurations = configurations;
    result.calls_explained = explained;
    return result.answer != SearchAnswer::undecided || limits.time_is_up();
  };
  std::size_t beam = 64;
  for (std::uint64_t budget = 16 * calls.size() + 50'000;; budget *= 4, beam *= 8) {
    SearchLimits turn = limits;
    turn.steps = limits.steps == 0 ? budget : std::min(budget, limits.steps);
    if (decided(Frontier<M, W>(model, calls, schedule, turn, want_order).run())) break;
    const bool last =
        turn.steps == limits.steps || (limits.memory_bytes != 0 && result.configurations < budget);
    if (decided(
            Descent<M, W>(model, calls, schedule, turn).run(overwrites_of<M>(calls), want_order))) {
      break;
    }
    SearchLimits narrow = limits;
    narrow.beam = beam;
    if (decided(Frontier<M, W>(model, calls, schedule, narrow, want_order).run())) break;
    if (last) break;
  }
  return result;
}

}  // namespace detail

/// Decides whether `calls` (sorted by start) are linearizable. Worst case exponential in the number
/// of calls open at once. With `want_order`, a linearization in SearchResult::order. A violation
/// names the return at which the search that decided gave up: for the frontier the end of the
/// longest linearizable prefix, for the descent the first return that it could not explain.
template <SequentialModel M>
SearchResult search(const M& model, std::span<const Call<typename M::Op>> calls,
                    const SearchLimits& limits, bool want_order) {
  const Schedule schedule = make_schedule(model, calls);
  const std::size_t words = std::max((schedule.slots + 63) / 64, schedule.counter_words);
  if (words <= 1) return detail::take_turns<M, 1>(model, calls, schedule, limits, want_order);
  if (words <= 4) return detail::take_turns<M, 4>(model, calls, schedule, limits, want_order);
  if (words <= 16) return detail::take_turns<M, 16>(model, calls, schedule, limits, want_order);
  SearchResult result;
  result.answer = SearchAnswer::undecided;
  result.reason = "more operations are open at once than the search can follow (1024)";
  return result;
}

}  // namespace assay
