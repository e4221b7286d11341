#include "checker/linearizability/locks/holds.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/narrator.h"
#include "checker/linearizability/sequence.h"
#include "checker/linearizability/sorting.h"
#include "history/integer.h"

namespace assay {

Status HoldsChecker::read(KeyId key) {
  holds_.clear();
  unheld_.clear();
  open_.clear();
  struct Last {
    std::size_t hold = 0;
    bool holds = false;
    bool doubtful = false;              ///< its last acquire never returned, yet it went on
    std::vector<std::uint64_t> events;  ///< back to its last acquire
  };
  std::unordered_map<std::int32_t, Last> processes;
  const auto acquire = history_.function_named("acquire");
  const auto release = history_.function_named("release");
  for (const OpIndex index : history_.operations_on(key)) {
    const Operation operation = history_[index];
    const bool acquires = operation.function == acquire;
    if (!acquires && operation.function != release) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a lock has no function '{}', expected acquire or release",
                               operation.invoke_event, history_.function_name(operation.function))};
    }
    if (operation.outcome == Outcome::fail) continue;
    const Extent span = extent_of(history_, operation);
    Last& last = processes[static_cast<std::int32_t>(operation.process)];
    if (acquires) {
      // Its process is usually gone and cannot release: it never happened.
      last.doubtful = span.pending();
      if (span.pending()) continue;
      std::int64_t token = 0;
      if (fenced_) {
        const auto number = integer_of(history_, operation.result);
        if (!number.has_value()) {
          return Error{
              ErrorKind::bad_data,
              fmt::format("event {}: an acquire of a fenced lock must return its token, "
                          "an integer, got {}",
                          operation.invoke_event, to_text(history_.value(operation.result)))};
        }
        token = *number;
      }
      last = {holds_.size(), true, false, {span.event}};
      holds_.push_back({span, {}, token});
    } else if (last.holds) {
      holds_[last.hold].release = span;
      last.holds = false;
      last.events.push_back(span.event);
    } else if (last.doubtful) {
      open_ = fmt::format("process {} released what it may have acquired (event {})",
                          static_cast<std::int32_t>(operation.process), span.event);
    } else if (!span.pending()) {
      last.events.push_back(span.event);
      if (unheld_.empty()) unheld_ = last.events;
    }
  }
  const auto order = [&](const Hold& a, const Hold& b) {
    return fenced_ ? std::tie(a.token, a.acquire.end) < std::tie(b.token, b.acquire.end)
                   : std::tie(a.acquire.end, a.release.start) <
                         std::tie(b.acquire.end, b.release.start);
  };
  sort_nearly(holds_, order);
  return {};
}

std::optional<HoldsChecker::Conflict> HoldsChecker::conflict() {
  if (!unheld_.empty()) return Conflict{0, 0, unheld_};
  for (std::size_t i = 0; i + 1 < holds_.size(); ++i) {
    const Hold& a = holds_[i];
    const Hold& b = holds_[i + 1];
    const bool same_token = fenced_ && a.token == b.token;
    if (!a.release.exists() || same_token) return Conflict{i, i + 1, {}};
    if (!fenced_ && a.release.start > b.acquire.end) return Conflict{i, i + 1, {}};
  }
  if (!fenced_) return std::nullopt;
  const auto pair = inversion(2 * holds_.size(), [&](std::size_t i) -> const Extent& {
    return i % 2 == 0 ? holds_[i / 2].acquire : holds_[i / 2].release;
  });
  if (!pair.has_value()) return std::nullopt;
  return Conflict{pair->first / 2, pair->second / 2, {}};
}

Result<KeyOutcome> HoldsChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  static_cast<void>(limits);
  if (auto status = read(key); !status) return status.error();
  KeyOutcome outcome;
  outcome.algorithm = "holds";
  if (conflict().has_value()) {
    outcome.search.answer = SearchAnswer::not_linearizable;
    return outcome;
  }
  if (!open_.empty()) {
    outcome.search.reason = open_;
    return outcome;
  }
  outcome.search.answer = SearchAnswer::linearizable;
  if (!want_order) return outcome;
  outcome.order.reserve(2 * holds_.size());
  for (const Hold& hold : holds_) {
    outcome.order.push_back(hold.acquire.event);
    if (hold.release.exists()) outcome.order.push_back(hold.release.event);
  }
  return outcome;
}

ExplainedAnomaly HoldsChecker::explain(KeyId key, const KeyOutcome& outcome,
                                       const SearchLimits& limits) {
  static_cast<void>(outcome);
  static_cast<void>(limits);
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  const Conflict found = *conflict();
  const Narrator narrator(history_, key);
  ExplainedAnomaly result;
  if (!found.unheld.empty()) {
    result.anomaly =
        narrator.anomaly("release-without-hold", found.unheld,
                         fmt::format("{} succeeded although its process did not hold the lock",
                                     narrator.say(found.unheld.back())),
                         true);
  } else {
    const Hold& a = holds_[found.first];
    const Hold& b = holds_[found.second];
    std::vector<std::uint64_t> events{a.acquire.event, b.acquire.event};
    // What began after everything else had returned could change nothing.
    std::int64_t latest = std::max(a.acquire.end, b.acquire.end);
    const bool a_first = a.release.start <= b.release.start;
    for (const Hold* hold : {a_first ? &a : &b, a_first ? &b : &a}) {
      if (!hold->release.exists() || hold->release.start > latest) continue;
      events.push_back(hold->release.event);
      if (!hold->release.pending()) latest = std::max(latest, hold->release.end);
    }
    const bool overlap = b.acquire.end < a.release.start && a.acquire.end < b.release.start;
    const bool stale = fenced_ && (!overlap || a.token == b.token);
    std::string text =
        stale ? fmt::format("{} and {}: the tokens do not grow with time",
                            narrator.say(a.acquire.event), narrator.say(b.acquire.event))
              : fmt::format("{} and {} both returned before either released: two holders at once",
                            narrator.say(a.acquire.event), narrator.say(b.acquire.event));
    result.anomaly =
        narrator.anomaly(stale ? "stale-token" : "lock-overlap", events, std::move(text), true);
  }
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
