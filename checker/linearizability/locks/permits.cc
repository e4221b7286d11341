#include "checker/linearizability/locks/permits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <queue>
#include <string>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/id_numbering.h"
#include "checker/linearizability/narrator.h"
#include "checker/linearizability/sorting.h"

namespace assay {

Status PermitsChecker::read(KeyId key) {
  calls_.clear();
  const auto operations = history_.operations_on(key);
  calls_.reserve(operations.size());
  const auto acquire = history_.function_named("acquire");
  const auto release = history_.function_named("release");
  for (const OpIndex index : operations) {
    const Operation operation = history_[index];
    const bool acquires = operation.function == acquire;
    if (!acquires && operation.function != release) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a lock has no function '{}', expected acquire or release",
                               operation.invoke_event, history_.function_name(operation.function))};
    }
    if (operation.outcome == Outcome::fail) continue;
    calls_.push_back({extent_of(history_, operation), acquires});
  }
  const auto earlier = [](const Call& a, const Call& b) { return a.span.start < b.span.start; };
  sort_nearly(calls_, earlier);
  return {};
}

Result<KeyOutcome> PermitsChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  static_cast<void>(limits);
  if (auto status = read(key); !status) return status.error();
  KeyOutcome outcome;
  outcome.algorithm = "permits";
  outcome.search.answer = SearchAnswer::linearizable;
  // Open operations by their ends; which have taken effect is looked up when they come up.
  using Open = std::pair<std::int64_t, std::uint32_t>;
  std::array<std::priority_queue<Open, std::vector<Open>, std::greater<>>, 2> open;
  std::priority_queue<Open, std::vector<Open>, std::greater<>> returns;
  std::vector<bool> done(calls_.size(), false);
  std::int64_t held = 0;
  const auto perform = [&](std::uint32_t i) {
    done[i] = true;
    held += calls_[i].acquires ? 1 : -1;
    if (want_order) outcome.order.push_back(calls_[i].span.event);
  };
  const auto first_open = [&](bool acquires) {
    auto& queue = open[acquires ? 1 : 0];
    while (!queue.empty() && done[queue.top().second]) queue.pop();
    return queue.empty() ? IdNumbering::none : queue.top().second;
  };
  std::uint32_t next = 0;
  while (next < calls_.size() || !returns.empty()) {
    // Of one instant, beginnings come first: ties are concurrent.
    if (next < calls_.size() &&
        (returns.empty() || calls_[next].span.start <= returns.top().first)) {
      const Extent& span = calls_[next].span;
      if (!span.pending()) returns.emplace(span.end, next);
      open[calls_[next].acquires ? 1 : 0].emplace(span.end, next);
      ++next;
      continue;
    }
    const std::uint32_t i = returns.top().second;
    returns.pop();
    if (done[i]) continue;
    if (held == (calls_[i].acquires ? permits_ : 0)) {
      const std::uint32_t helper = first_open(!calls_[i].acquires);
      if (helper == IdNumbering::none) {
        outcome.search.answer = SearchAnswer::not_linearizable;
        outcome.search.failed_call = i;
        outcome.order.clear();
        return outcome;
      }
      perform(helper);
    }
    perform(i);
  }
  return outcome;
}

ExplainedAnomaly PermitsChecker::explain(KeyId key, const KeyOutcome& outcome,
                                         const SearchLimits& limits) {
  static_cast<void>(limits);
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  const Call failed = calls_[outcome.search.failed_call];
  const std::int64_t to = failed.span.end;
  // The shortest window up to the return that nothing explains. `inside` began and returned in it;
  // the others touch it.
  std::vector<Extent> inside;
  std::vector<std::int64_t> others;
  for (const Call& call : calls_) {
    if (call.acquires == failed.acquires && call.span.end <= to) inside.push_back(call.span);
    if (call.acquires != failed.acquires && call.span.start <= to) others.push_back(call.span.end);
  }
  std::sort(inside.begin(), inside.end(),
            [](const Extent& a, const Extent& b) { return a.start > b.start; });
  std::sort(others.begin(), others.end(), std::greater<>());
  std::size_t touching = 0;
  std::size_t count = 0;
  std::size_t help = 0;
  while (count < inside.size()) {
    const std::int64_t from = inside[count++].start;
    while (touching < others.size() && others[touching] >= from) ++touching;
    help = touching + static_cast<std::size_t>(permits_);
    if (count > help) break;
  }
  // Or all that happened: nothing was held before.
  const bool everything = count <= help;
  ASSAY_ASSERT(!everything || !failed.acquires);
  if (everything) help = others.size();
  inside.resize(count);
  std::vector<std::uint64_t> events;
  for (const Extent& span : inside) events.push_back(span.event);
  const Narrator narrator(history_, key);
  std::string who;
  for (std::size_t k = 0; k < std::min<std::size_t>(count, 4); ++k) {
    who += (who.empty() ? "" : ", ") + narrator.say(inside[count - 1 - k].event);
  }
  if (count > 4) who += fmt::format(" and {} more", count - 4);
  std::string text;
  if (failed.acquires) {
    text = fmt::format(
        "{} began and returned in turn while {} and at most {} can be held at a "
        "time: two holds overlap",
        who,
        touching == 0 ? "nothing was released" : fmt::format("at most {} were released", touching),
        permits_);
  } else {
    text = fmt::format("{} gave back more than was held: at most {} could have been", who, help);
  }
  ExplainedAnomaly result;
  result.anomaly = narrator.anomaly(failed.acquires ? "lock-overlap" : "release-without-hold",
                                    events, std::move(text), true);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  result.refuted_by_rule = true;
  return result;
}

}  // namespace assay
