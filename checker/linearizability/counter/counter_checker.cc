#include "checker/linearizability/counter/counter_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <queue>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/id_numbering.h"
#include "checker/linearizability/minimize.h"
#include "checker/linearizability/narrator.h"

namespace assay {
namespace {

constexpr std::string_view by_counting = "counting";
constexpr std::string_view by_bounds = "bounds";

// Sums of many 64-bit amounts.
__extension__ using Wide = __int128;

std::int64_t clamp(Wide number) {
  constexpr Wide least = std::numeric_limits<std::int64_t>::min();
  constexpr Wide most = std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(std::clamp(number, least, most));
}

}  // namespace

CounterChecker::CounterChecker(const History& history, std::unique_ptr<ObjectChecker> search)
    : history_(history), search_(std::move(search)) {
  const Value initial = history.info().initial;
  if (const auto* number = initial.get_if<std::int64_t>()) initial_ = *number;
  for (std::size_t i = 0; i < history.function_count(); ++i) {
    const auto name = history.function_name(static_cast<FunctionId>(i));
    signs_.push_back(has_word("add increment inc incr", name)   ? std::int8_t{1}
                     : has_word("decrement dec decr sub", name) ? std::int8_t{-1}
                     : name == "read"                           ? std::int8_t{0}
                                                                : std::int8_t{2});
  }
}

Status CounterChecker::read(KeyId key) {
  calls_.clear();
  amount_ = 0;
  one_amount_ = true;
  bool up = true;
  bool down = true;
  const auto operations = history_.operations_on(key);
  calls_.reserve(operations.size());
  for (const OpIndex index : operations) {
    const Operation operation = history_[index];
    const std::int8_t sign = signs_[operation.function];
    if (sign == 2) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a counter has no function '{}', expected add, increment, "
                               "decrement or read",
                               operation.invoke_event, history_.function_name(operation.function))};
    }
    if (operation.outcome == Outcome::fail) continue;
    const Extent span = extent_of(history_, operation);
    if (sign == 0 && (span.pending() || operation.result == nil_value)) continue;
    const Value value = history_.value(sign == 0 ? operation.result : operation.argument);
    const auto* number = value.get_if<std::int64_t>();
    if (number == nullptr && (sign == 0 || !value.is_nil())) {
      return Error{ErrorKind::bad_data, fmt::format("event {}: a counter holds integers, got {}",
                                                    span.event, to_text(value))};
    }
    std::int64_t given = number == nullptr ? 1 : *number;
    if (sign < 0 && given != std::numeric_limits<std::int64_t>::min()) given = -given;
    calls_.push_back({span, given, sign == 0});
    if (sign == 0) continue;
    up = up && given >= 0;
    down = down && given <= 0;
    if (amount_ == 0) amount_ = given;
    one_amount_ = one_amount_ && given == amount_ && given != 0;
  }
  one_sign_ = up || down;
  const auto earlier = [](const Call& a, const Call& b) { return a.span.start < b.span.start; };
  if (!std::is_sorted(calls_.begin(), calls_.end(), earlier)) {
    std::stable_sort(calls_.begin(), calls_.end(), earlier);
  }
  return {};
}

/// REQUIRES one_amount_.
KeyOutcome CounterChecker::count(const std::vector<Call>& calls, bool want_order) const {
  KeyOutcome outcome;
  outcome.algorithm = by_counting;
  outcome.search.answer = SearchAnswer::not_linearizable;
  using Open = std::pair<std::int64_t, std::uint32_t>;
  std::priority_queue<Open, std::vector<Open>, std::greater<>> open;
  std::priority_queue<Open, std::vector<Open>, std::greater<>> returns;
  std::map<std::int64_t, std::vector<std::uint32_t>> waiting;  // reads, by the count they need
  std::vector<bool> done(calls.size(), false);
  std::int64_t counted = 0;
  const auto perform = [&](std::uint32_t i) {
    done[i] = true;
    if (want_order) outcome.order.push_back(calls[i].span.event);
  };
  const auto add = [&](std::uint32_t i) {
    perform(i);
    ++counted;
    const auto reads = waiting.find(counted);
    if (reads == waiting.end()) return;
    for (const std::uint32_t r : reads->second) perform(r);
    waiting.erase(reads);
  };
  const auto needs = [&](const Call& read) -> std::int64_t {
    const Wide change = Wide{read.number} - initial_;
    if (amount_ == 0) return change == 0 ? 0 : -1;
    if (change % amount_ != 0) return -1;
    return clamp(change / amount_);
  };
  std::uint32_t next = 0;
  while (next < calls.size() || !returns.empty()) {
    if (next < calls.size() && (returns.empty() || calls[next].span.start <= returns.top().first)) {
      const Call& call = calls[next];
      if (!call.span.pending()) returns.emplace(call.span.end, next);
      if (!call.reads) {
        open.emplace(call.span.end, next);
      } else if (const std::int64_t needed = needs(call); needed < counted) {
        outcome.search.failed_call = next;
        return outcome;
      } else if (needed == counted) {
        perform(next);
      } else {
        waiting[needed].push_back(next);
      }
      ++next;
      continue;
    }
    const std::uint32_t i = returns.top().second;
    returns.pop();
    if (done[i]) continue;
    if (!calls[i].reads) {
      add(i);
      continue;
    }
    while (!done[i]) {
      while (!open.empty() && done[open.top().second]) open.pop();
      if (open.empty()) {
        outcome.search.failed_call = i;
        return outcome;
      }
      add(open.top().second);
    }
  }
  outcome.search.answer = SearchAnswer::linearizable;
  return outcome;
}

std::optional<CounterChecker::Bound> CounterChecker::broken(const Call& read,
                                                            const Call* before) const {
  Wide certainly = before == nullptr ? initial_ : before->number;
  Wide possibly = certainly;
  bool up = true;
  for (const Call& call : calls_) {
    if (call.reads) continue;
    up = up && call.number >= 0;
    const bool after = before == nullptr || call.span.end >= before->span.start;
    const bool surely = before == nullptr || call.span.start > before->span.end;
    if (call.span.start <= read.span.end && after) possibly += call.number;
    if (call.span.end < read.span.start && surely) certainly += call.number;
  }
  const Wide least = up ? certainly : possibly;
  const Wide most = up ? possibly : certainly;
  if (least <= read.number && read.number <= most) return std::nullopt;
  Bound bound{{read.span.event}, read.number, clamp(least), clamp(most)};
  if (before != nullptr) bound.reads.push_back(before->span.event);
  return bound;
}

/// A read outside its bounds, or below an earlier one.
std::optional<CounterChecker::Bound> CounterChecker::broken_bound() const {
  if (!one_sign_) return std::nullopt;
  bool up = true;
  std::vector<std::uint32_t> by_end;
  for (std::uint32_t i = 0; i < calls_.size(); ++i) {
    up = up && (calls_[i].reads || calls_[i].number >= 0);
    if (!calls_[i].span.pending()) by_end.push_back(i);
  }
  std::sort(by_end.begin(), by_end.end(), [&](std::uint32_t a, std::uint32_t b) {
    return calls_[a].span.end < calls_[b].span.end;
  });
  // In one sweep: the first read below what was certainly added, or less far than an earlier one.
  Wide certainly = initial_;
  const Call* furthest = nullptr;
  std::size_t ended = 0;
  for (const Call& call : calls_) {
    for (; ended < by_end.size() && calls_[by_end[ended]].span.end < call.span.start; ++ended) {
      const Call& over = calls_[by_end[ended]];
      if (!over.reads) {
        certainly += over.number;
      } else if (furthest == nullptr ||
                 (up ? over.number > furthest->number : over.number < furthest->number)) {
        furthest = &over;
      }
    }
    if (!call.reads) continue;
    if (up ? call.number < certainly : call.number > certainly) return broken(call, nullptr);
    const bool back = furthest != nullptr &&
                      (up ? call.number < furthest->number : call.number > furthest->number);
    if (back) return broken(call, furthest);
  }
  // And the first beyond what may have been added.
  Wide possibly = initial_;
  std::size_t begun = 0;
  for (const std::uint32_t i : by_end) {
    const Call& call = calls_[i];
    if (!call.reads) continue;
    for (; begun < calls_.size() && calls_[begun].span.start <= call.span.end; ++begun) {
      if (!calls_[begun].reads) possibly += calls_[begun].number;
    }
    if (up ? call.number > possibly : call.number < possibly) return broken(call, nullptr);
  }
  return std::nullopt;
}

Result<KeyOutcome> CounterChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  if (auto status = read(key); !status) return status.error();
  if (one_amount_) return count(calls_, want_order);
  KeyOutcome outcome;
  outcome.algorithm = by_bounds;
  if (broken_bound().has_value()) {
    outcome.search.answer = SearchAnswer::not_linearizable;
    return outcome;
  }
  if (search_ != nullptr) return search_->decide(key, limits, want_order);
  outcome.search.reason = "different amounts were added, so sums can come about in many ways";
  return outcome;
}

ExplainedAnomaly CounterChecker::explain(KeyId key, const KeyOutcome& outcome,
                                         const SearchLimits& limits) {
  if (outcome.algorithm != by_counting && outcome.algorithm != by_bounds) {
    return search_->explain(key, outcome, limits);
  }
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  std::optional<Bound> bound = broken_bound();
  const Narrator narrator(history_, key);
  ExplainedAnomaly result;
  result.refuted_by_rule = true;
  if (!bound.has_value()) {
    // All amounts are equal: one or two reads suffice, if all additions stay.
    std::vector<std::uint32_t> reads;
    for (std::uint32_t i = 0; i < calls_.size(); ++i) {
      if (calls_[i].reads) reads.push_back(i);
    }
    const auto kept = minimize(reads.size(), [&](const std::vector<std::uint32_t>& rest) {
      std::vector<bool> stays(calls_.size(), false);
      for (const std::uint32_t k : rest) stays[reads[k]] = true;
      std::vector<Call> some;
      for (std::uint32_t i = 0; i < calls_.size(); ++i) {
        if (!calls_[i].reads || stays[i]) some.push_back(calls_[i]);
      }
      return count(some, false).search.answer == SearchAnswer::not_linearizable;
    });
    const Call& last = calls_[reads[kept.back()]];
    const Call* first = kept.size() < 2 ? nullptr : &calls_[reads[kept.front()]];
    bound = broken(last, first);
    if (!bound.has_value()) {
      // No multiple of the amount.
      result.anomaly =
          narrator.anomaly("counter-bounds", {last.span.event},
                           fmt::format("{} is no multiple of {} away from the initial {}",
                                       narrator.say(last.span.event), amount_, initial_),
                           true);
      result.witness = {result.anomaly.key, result.anomaly.witness, {}};
      return result;
    }
  }
  const std::string range =
      bound->least <= bound->most ? fmt::format("{} to {}", bound->least, bound->most) : "nothing";
  std::string text = fmt::format(
      "{} found {}, but by what was certainly added before it and what "
      "may have been, {} was possible",
      narrator.say(bound->reads.front()), bound->found, range);
  if (bound->reads.size() == 2) {
    text += fmt::format(" after {}", narrator.say(bound->reads.back()));
  }
  result.anomaly = narrator.anomaly("counter-bounds", bound->reads, std::move(text), true);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
