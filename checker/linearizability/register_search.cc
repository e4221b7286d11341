// The only place that instantiates the descent for registers: it is slow to compile.
#include "checker/linearizability/register_search.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "checker/linearizability/descent.h"
#include "checker/linearizability/frontier.h"
#include "checker/linearizability/register_frontier.h"

namespace assay {
namespace {

/// Frontiers that count ever more of the pending calls take turns, each with more steps if it had
/// too few, and a descent with them, until one knows. There is an order if one is found among
/// branches of which too many were dropped; there is none if there is none even when pending calls
/// may be used again and again.
class RegisterPortfolio {
 public:
  RegisterPortfolio(std::span<const RegisterCall> calls, std::size_t value_count,
                    const SearchLimits& limits, bool want_order)
      : calls_(calls),
        value_count_(value_count),
        limits_(limits),
        want_order_(want_order),
        model_(calls, value_count),
        schedule_(make_schedule(model_, calls)),
        turn_(limits),
        budget_(64 * calls.size() + 200'000) {
    economy_.counted.assign(schedule_.classes.size(), false);
  }

  SearchResult run() {
    while (!take_turns()) {
    }
    result_.configurations = configurations_;
    result_.calls_explained = explained_;
    return std::move(result_);
  }

 private:
  /// True if the answer is known or a limit was reached.
  bool take_turns() {
    turn_.steps = limits_.steps == 0 ? budget_ : std::min(budget_, limits_.steps);
    stopped_ = false;
    too_few_steps_ = false;
    const RegisterSearch frugal = frontier(/*endless=*/false);
    if (take(frugal.result, true, frugal.exact)) return true;
    if (!all_counted() && take(frontier(/*endless=*/true).result, false, true)) return true;
    if (too_few_steps_ && take(descent(), true, true)) return true;
    if (stopped_ || (too_few_steps_ && turn_.steps == limits_.steps)) return true;
    if (too_few_steps_) budget_ *= 4;
    if (!count(frugal.short_of) && !too_few_steps_) {
      std::fill(economy_.counted.begin(), economy_.counted.end(), true);
    }
    batch_ *= 2;
    return false;
  }

  RegisterSearch frontier(bool endless) {
    economy_.endless = endless;
    return search_register_frontier(calls_, value_count_, schedule_, turn_, economy_, want_order_);
  }

  SearchResult descent() const {
    const auto with = [&](auto words) {
      return Descent<RegisterModel, words>(model_, calls_, schedule_, turn_)
          .run(overwrites_of<RegisterModel>(calls_), want_order_);
    };
    const std::size_t words = std::max((schedule_.slots + 63) / 64, schedule_.counter_words);
    if (words <= 1) return with(std::integral_constant<std::size_t, 1>{});
    if (words <= 4) return with(std::integral_constant<std::size_t, 4>{});
    SearchResult none;
    none.configurations = turn_.steps;
    return none;
  }

  /// Is this the answer? An order counts if `valid_order`, that there is none if `certain`.
  bool take(SearchResult result, bool valid_order, bool certain) {
    configurations_ += result.configurations;
    if (valid_order) explained_ = std::max(explained_, result.calls_explained);
    const SearchAnswer answer = result.answer;
    if (answer == SearchAnswer::undecided) {
      const bool by_steps = result.configurations >= turn_.steps;
      (by_steps ? too_few_steps_ : stopped_) = true;
    }
    const bool known = (answer == SearchAnswer::linearizable && valid_order) ||
                       (answer == SearchAnswer::not_linearizable && certain);
    if (known || answer == SearchAnswer::undecided) result_ = std::move(result);
    return known || limits_.time_is_up();
  }

  bool all_counted() const {
    return std::all_of(economy_.counted.begin(), economy_.counted.end(),
                       [](bool counted) { return counted; });
  }
  /// Counts the first of these that are not counted yet; false if there are none.
  bool count(const std::vector<std::uint32_t>& classes) {
    std::size_t more = 0;
    for (const std::uint32_t c : classes) {
      if (more == batch_) break;
      if (economy_.counted[c]) continue;
      economy_.counted[c] = true;
      ++more;
    }
    return more != 0;
  }

  std::span<const RegisterCall> calls_;
  std::size_t value_count_;
  SearchLimits limits_;
  bool want_order_;
  RegisterModel model_;
  Schedule schedule_;

  SearchLimits turn_;
  std::uint64_t budget_;
  Economy economy_;
  std::size_t batch_ = 4;  ///< so many classes more are counted in the next turn
  bool stopped_ = false;
  bool too_few_steps_ = false;
  SearchResult result_;
  std::uint64_t configurations_ = 0;
  std::size_t explained_ = 0;
};

}  // namespace

SearchResult search_register(std::span<const RegisterCall> calls, std::size_t value_count,
                             const SearchLimits& limits, bool want_order) {
  return RegisterPortfolio(calls, value_count, limits, want_order).run();
}

}  // namespace assay
