#include "checker/linearizability/locks/leases.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/narrator.h"

namespace assay {
namespace {

constexpr std::int64_t nanos_per_milli = 1'000'000;
constexpr std::int64_t longest_ms = std::int64_t{1} << 40U;

std::optional<std::int64_t> milliseconds(const Value& value) {
  const auto* number = value.get_if<std::int64_t>();
  if (number == nullptr || *number < 0 || *number > longest_ms) return std::nullopt;
  return *number * nanos_per_milli;
}

}  // namespace

LeaseChecker::LeaseChecker(const History& history)
    : history_(history), time_(milliseconds(history.info().initial)) {}

Result<std::int64_t> LeaseChecker::time_of(const Operation& operation) const {
  if (operation.argument == nil_value && time_.has_value()) return *time_;
  if (const auto named = milliseconds(history_.value(operation.argument))) return *named;
  return Error{ErrorKind::bad_data,
               fmt::format("event {}: for how long is the lease granted? The value must be a "
                           "number of milliseconds, or --initial one for all; got {}",
                           operation.invoke_event, to_text(history_.value(operation.argument)))};
}

Status LeaseChecker::read(KeyId key) {
  calls_.clear();
  open_.clear();
  const auto acquire = history_.function_named("acquire");
  const auto release = history_.function_named("release");
  const auto renew = history_.function_named("renew");
  for (const OpIndex index : history_.operations_on(key)) {
    const Operation operation = history_[index];
    const bool releases = operation.function == release;
    if (!releases && operation.function != acquire && operation.function != renew) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a lease has no function '{}', expected acquire, renew "
                               "or release",
                               operation.invoke_event, history_.function_name(operation.function))};
    }
    if (operation.outcome == Outcome::fail) continue;
    const bool returned = operation.outcome == Outcome::ok;
    if (operation.invoked == unknown_time || (returned && operation.completed == unknown_time)) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a lease runs out with time, but the event has none",
                               operation.invoke_event)};
    }
    Call call{static_cast<std::int32_t>(operation.process),
              releases                        ? Function::release
              : operation.function == acquire ? Function::acquire
                                              : Function::renew,
              {operation.invoked.count(), returned ? operation.completed.count() : never,
               operation.invoke_event}};
    if (!releases) {
      const auto time = time_of(operation);
      if (!time) return time.error();
      call.until = call.span.start + time.value();
    }
    calls_.push_back(call);
  }
  std::stable_sort(calls_.begin(), calls_.end(),
                   [](const Call& a, const Call& b) { return a.process < b.process; });
  return {};
}

std::optional<LeaseChecker::Conflict> LeaseChecker::find_holds() {
  holds_.clear();
  std::optional<Conflict> unheld;
  bool holding = false;
  std::size_t released = 0;  // holds before this one are of other processes or were released
  bool doubtful = false;     // an acquire that never returned, of a process that went on
  for (std::uint32_t i = 0; i < calls_.size(); ++i) {
    const Call& call = calls_[i];
    const bool first = i == 0 || calls_[i - 1].process != call.process;
    if (first) holding = doubtful = false;
    if (first) released = holds_.size();
    if (call.function == Function::acquire) {
      holding = !call.span.pending();
      doubtful = !holding;
      if (holding) holds_.push_back({i, 1, call.span.end, call.until, 0});
      continue;
    }
    if (call.function == Function::release) {
      // A process that acquired again held on to the same lease.
      for (; released < holds_.size(); ++released) {
        holds_[released].to = std::min(holds_[released].to, call.span.start);
      }
      holding = doubtful = false;
      continue;
    }
    if (doubtful && !call.span.pending()) {
      open_ = fmt::format("process {} renewed what it may have acquired (event {})", call.process,
                          call.span.event);
    } else if (holding) {
      Hold& hold = holds_.back();
      ++hold.count;
      if (call.span.pending()) continue;
      hold.to = std::max({hold.to, call.span.start, call.until});
    } else if (!call.span.pending() && !unheld.has_value()) {
      unheld = Conflict{{call.span.event}, true};
      if (!first) unheld->events.insert(unheld->events.begin(), calls_[i - 1].span.event);
    }
  }
  std::stable_sort(holds_.begin(), holds_.end(), [](const Hold& a, const Hold& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  return unheld;
}

/// What each grant of the process proves, alone, and each renew together with the acquire before:
/// in between the lease went to nobody else.
std::vector<LeaseChecker::Proof> LeaseChecker::proofs(std::int32_t process) const {
  std::vector<Proof> result;
  std::optional<std::uint32_t> first;
  const auto from = std::lower_bound(calls_.begin(), calls_.end(), process,
                                     [](const Call& c, std::int32_t p) { return c.process < p; });
  const auto end = std::upper_bound(from, calls_.end(), process,
                                    [](std::int32_t p, const Call& c) { return p < c.process; });
  const std::span<const Call> calls(from, end);
  // When the process releases what it holds at a call.
  std::vector<std::int64_t> released(calls.size() + 1, never);
  for (std::size_t i = calls.size(); i-- > 0;) {
    released[i] = calls[i].function == Function::release ? calls[i].span.start : released[i + 1];
  }
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    const Call& call = calls[i];
    if (call.function == Function::release || call.span.pending()) {
      if (call.function != Function::renew) first.reset();
      continue;
    }
    const std::int64_t until = std::min(call.until, released[i]);
    if (call.function == Function::renew && first.has_value()) {
      const Extent& before = calls[*first].span;
      result.push_back(
          {before.end, std::max(call.span.start, until), {before.event, call.span.event}});
    }
    if (call.span.end < until) result.push_back({call.span.end, until, {call.span.event}});
    if (call.function == Function::acquire || !first.has_value()) first = i;
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const Proof& a, const Proof& b) { return a.from < b.from; });
  return result;
}

namespace {

/// One proof of each that overlap, with as few operations as possible.
template <class Proof>
std::vector<std::uint64_t> overlapping(const std::vector<Proof>& a, const std::vector<Proof>& b) {
  for (std::size_t sum = 2; sum <= 4; ++sum) {
    for (std::size_t of_a = 1; of_a <= 2; ++of_a) {
      const std::size_t of_b = sum - of_a;
      std::size_t j = 0;
      for (const Proof& x : a) {
        if (x.events.size() != of_a) continue;
        while (j < b.size() && (b[j].events.size() != of_b || b[j].to <= x.from)) ++j;
        if (j == b.size()) break;
        if (b[j].from >= x.to) continue;
        std::vector<std::uint64_t> events = x.events;
        events.insert(events.end(), b[j].events.begin(), b[j].events.end());
        return events;
      }
    }
  }
  return {};
}

}  // namespace

/// Two holds of different processes that overlap. Leaves the rest in busy_.
std::optional<LeaseChecker::Conflict> LeaseChecker::overlap() {
  busy_.clear();
  for (const Hold& hold : holds_) {
    if (hold.to <= hold.from) continue;
    const std::int32_t process = calls_[hold.first].process;
    if (busy_.empty() || busy_.back().to <= hold.from) {
      busy_.push_back({hold.from, hold.to, process});
      continue;
    }
    Busy& last = busy_.back();
    if (last.process == process) {
      last.to = std::max(last.to, hold.to);
      continue;
    }
    return Conflict{overlapping(proofs(last.process), proofs(process))};
  }
  return std::nullopt;
}

/// An instant for each hold that is over when its acquire returns.
std::optional<LeaseChecker::Conflict> LeaseChecker::place_instants() {
  for (Hold& hold : holds_) {
    hold.at = hold.from;
    if (hold.to > hold.from) continue;
    const Call& acquire = calls_[hold.first];
    const auto next =
        std::lower_bound(busy_.begin(), busy_.end(), hold.from,
                         [](const Busy& busy, std::int64_t at) { return busy.from < at; });
    if (next == busy_.begin()) continue;
    const Busy& before = *std::prev(next);
    if (before.to <= hold.from || before.process == acquire.process) continue;
    const std::int64_t earliest = std::max(hold.to, acquire.span.start);
    hold.at = before.from;
    if (before.from >= earliest) continue;
    Conflict conflict{{acquire.span.event}};
    conflict.minimal = false;
    std::int64_t covered = earliest;
    const auto all = proofs(before.process);
    while (covered <= hold.from) {
      const Proof* best = nullptr;
      for (const Proof& proof : all) {
        if (proof.from >= covered) break;
        if (proof.to <= covered) continue;
        const bool better = best == nullptr || proof.to > best->to ||
                            (proof.to == best->to && proof.events.size() < best->events.size());
        if (better) best = &proof;
      }
      ASSAY_ASSERT(best != nullptr);
      conflict.minimal = covered == earliest && best->to > hold.from && best->events.size() == 1;
      conflict.events.insert(conflict.events.end(), best->events.begin(), best->events.end());
      covered = best->to;
    }
    return conflict;
  }
  return std::nullopt;
}

std::vector<std::uint64_t> LeaseChecker::order() const {
  struct Placed {
    std::int64_t at;
    std::size_t hold;
    std::uint64_t event;
  };
  std::vector<Placed> placed;
  std::vector<bool> in_hold(calls_.size(), false);
  // Of one instant: what ends there, what lies there alone, what begins there.
  std::vector<std::size_t> rank(holds_.size());
  for (std::size_t i = 0; i < rank.size(); ++i) rank[i] = i;
  std::stable_sort(rank.begin(), rank.end(), [&](std::size_t a, std::size_t b) {
    const auto end = [](const Hold& h) { return std::max(h.at, h.to); };
    return std::tuple(holds_[a].at, end(holds_[a])) < std::tuple(holds_[b].at, end(holds_[b]));
  });
  for (std::size_t r = 0; r < rank.size(); ++r) {
    const Hold& hold = holds_[rank[r]];
    for (std::uint32_t i = hold.first; i < calls_.size(); ++i) {
      const Call& call = calls_[i];
      const bool acquires = i == hold.first;
      if (call.process != calls_[hold.first].process) break;
      if (!acquires && call.function == Function::acquire) break;
      in_hold[i] = true;
      if (call.span.pending() && call.function == Function::renew) continue;
      placed.push_back({acquires ? hold.at : call.span.start, r, call.span.event});
      if (call.function == Function::release) break;
    }
  }
  // Releases of what was not held do nothing.
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    const Call& call = calls_[i];
    if (in_hold[i] || call.function != Function::release || call.span.pending()) continue;
    placed.push_back({call.span.start, rank.size(), call.span.event});
  }
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.at, a.hold) < std::tie(b.at, b.hold);
  });
  std::vector<std::uint64_t> events;
  events.reserve(placed.size());
  for (const Placed& p : placed) events.push_back(p.event);
  return events;
}

Result<KeyOutcome> LeaseChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  static_cast<void>(limits);
  if (auto status = read(key); !status) return status.error();
  KeyOutcome outcome;
  outcome.algorithm = "leases";
  const bool refuted =
      find_holds().has_value() || overlap().has_value() || place_instants().has_value();
  if (refuted) {
    outcome.search.answer = SearchAnswer::not_linearizable;
  } else if (open_.empty()) {
    outcome.search.answer = SearchAnswer::linearizable;
    if (want_order) outcome.order = order();
  } else {
    outcome.search.reason = open_;
  }
  return outcome;
}

ExplainedAnomaly LeaseChecker::explain(KeyId key, const KeyOutcome& outcome,
                                       const SearchLimits& limits) {
  static_cast<void>(outcome);
  static_cast<void>(limits);
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  auto conflict = find_holds();
  if (!conflict.has_value()) conflict = overlap();
  if (!conflict.has_value()) conflict = place_instants();
  const Narrator narrator(history_, key);
  ExplainedAnomaly result;
  result.refuted_by_rule = true;
  if (conflict->unheld) {
    result.anomaly =
        narrator.anomaly("renew-without-hold", conflict->events,
                         fmt::format("{} succeeded although its process did not hold the lease",
                                     narrator.say(conflict->events.back())),
                         true);
  } else {
    std::string who;
    for (const std::uint64_t event : conflict->events) {
      who += fmt::format("{}{}", who.empty() ? "" : ", ", narrator.say(event));
    }
    result.anomaly = narrator.anomaly(
        "lock-overlap", conflict->events,
        fmt::format("two clients held the lease at one time, each within the time that it was "
                    "granted for: {}",
                    who),
        conflict->minimal);
  }
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
