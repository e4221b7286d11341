#pragma once
// The portfolio: the frontier search and the descent take turns on one object, each with twice the
// steps of its last turn, until one of them knows. Each is hopeless on histories that the other
// finds easy. The result does not depend on the machine or on the number of threads.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

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
  for (std::uint64_t budget = 16 * calls.size() + 100'000;; budget *= 2) {
    SearchLimits turn = limits;
    turn.steps = limits.steps == 0 ? budget : std::min(budget, limits.steps);
    SearchResult result = Frontier<M, W>(model, calls, schedule, turn, want_order).run();
    configurations += result.configurations;
    if (result.answer == SearchAnswer::undecided && !limits.time_is_up()) {
      const std::size_t explained = result.calls_explained;
      result = Descent<M, W>(model, calls, schedule, turn).run(overwrites_of<M>(calls), want_order);
      configurations += result.configurations;
      result.calls_explained = std::max(result.calls_explained, explained);
    }
    result.configurations = configurations;
    const bool out_of_memory =
        result.answer == SearchAnswer::undecided && result.configurations < budget;
    if (result.answer != SearchAnswer::undecided || turn.steps == limits.steps ||
        limits.time_is_up() || out_of_memory) {
      return result;
    }
  }
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
  if (words <= 2) return detail::take_turns<M, 2>(model, calls, schedule, limits, want_order);
  if (words <= 4) return detail::take_turns<M, 4>(model, calls, schedule, limits, want_order);
  if (words <= 16) return detail::take_turns<M, 16>(model, calls, schedule, limits, want_order);
  SearchResult result;
  result.answer = SearchAnswer::undecided;
  result.reason = "more operations are open at once than the search can follow (1024)";
  return result;
}

}  // namespace assay
