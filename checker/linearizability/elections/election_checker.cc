#include "checker/linearizability/elections/election_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/narrator.h"

namespace assay {

ElectionChecker::ElectionChecker(const History& history) : history_(history) {}

Status ElectionChecker::read(KeyId key) {
  sights_.clear();
  const auto elect = history_.function_named("elect");
  const auto leader = history_.function_named("leader");
  for (const OpIndex index : history_.operations_on(key)) {
    const Operation operation = history_[index];
    if (operation.function != elect && operation.function != leader) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: an election has no function '{}', expected elect or "
                               "leader",
                               operation.invoke_event, history_.function_name(operation.function))};
    }
    // Without a result nobody learned anything, and a term that nobody saw is in nobody's way.
    if (operation.outcome != Outcome::ok || operation.result == nil_value) continue;
    const Value result = history_.value(operation.result);
    const auto* pair = result.get_if<Value::List>();
    const auto* term =
        pair != nullptr && pair->size() == 2 ? pair->front().get_if<std::int64_t>() : nullptr;
    if (term == nullptr) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: expected [term leader] with an integer term, or nil, "
                               "got {}",
                               operation.invoke_event, to_text(result))};
    }
    sights_.push_back({*term, operation.result, static_cast<std::int32_t>(operation.process),
                       extent_of(history_, operation)});
  }
  std::stable_sort(sights_.begin(), sights_.end(), [](const Sight& a, const Sight& b) {
    return std::tie(a.process, a.span.start) < std::tie(b.process, b.span.start);
  });
  return {};
}

std::optional<ElectionChecker::Conflict> ElectionChecker::conflict() const {
  std::unordered_map<std::int64_t, std::uint32_t> first_of_term;
  first_of_term.reserve(sights_.size());
  std::size_t over = 0;  // sights of the process before this one had returned
  std::uint32_t highest = 0;
  for (std::uint32_t i = 0; i < sights_.size(); ++i) {
    const Sight& sight = sights_[i];
    const auto [at, is_new] = first_of_term.emplace(sight.term, i);
    if (!is_new && sights_[at->second].leader != sight.leader) {
      return Conflict{at->second, i, false};
    }
    if (i == 0 || sights_[i - 1].process != sight.process) {
      over = i;
      highest = i;
    }
    for (; over < i && sights_[over].span.end < sight.span.start; ++over) {
      if (sights_[over].term > sights_[highest].term) highest = static_cast<std::uint32_t>(over);
    }
    if (highest < over && sights_[highest].term > sight.term) return Conflict{highest, i, true};
  }
  return std::nullopt;
}

/// Of each process by terms, as early as its operations allow.
std::vector<std::uint64_t> ElectionChecker::order() const {
  struct Placed {
    std::int64_t at;
    std::int64_t term;
    std::uint64_t event;
  };
  std::vector<Sight> sorted = sights_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Sight& a, const Sight& b) {
    return std::tie(a.process, a.term) < std::tie(b.process, b.term);
  });
  std::vector<Placed> placed;
  placed.reserve(sorted.size());
  std::int64_t latest = std::numeric_limits<std::int64_t>::min();
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const bool first = i == 0 || sorted[i - 1].process != sorted[i].process;
    latest = first ? sorted[i].span.start : std::max(latest, sorted[i].span.start);
    placed.push_back({latest, sorted[i].term, sorted[i].span.event});
  }
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::tie(a.at, a.term) < std::tie(b.at, b.term);
  });
  std::vector<std::uint64_t> events;
  events.reserve(placed.size());
  for (const Placed& p : placed) events.push_back(p.event);
  return events;
}

Result<KeyOutcome> ElectionChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  static_cast<void>(limits);
  if (auto status = read(key); !status) return status.error();
  KeyOutcome outcome;
  outcome.algorithm = "terms";
  outcome.search.answer =
      conflict().has_value() ? SearchAnswer::not_linearizable : SearchAnswer::linearizable;
  if (want_order && outcome.search.answer == SearchAnswer::linearizable) outcome.order = order();
  return outcome;
}

ExplainedAnomaly ElectionChecker::explain(KeyId key, const KeyOutcome& outcome,
                                          const SearchLimits& limits) {
  static_cast<void>(outcome);
  static_cast<void>(limits);
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  const Conflict found = *conflict();
  const Sight& a = sights_[found.first];
  const Sight& b = sights_[found.second];
  const Narrator narrator(history_, key);
  std::string text =
      found.went_back
          ? fmt::format("process {} saw term {} and later term {}: {}, then {}", a.process, a.term,
                        b.term, narrator.say(a.span.event), narrator.say(b.span.event))
          : fmt::format("term {} has two leaders: {} and {}", a.term, narrator.say(a.span.event),
                        narrator.say(b.span.event));
  ExplainedAnomaly result;
  result.anomaly = narrator.anomaly(found.went_back ? "term-went-back" : "two-leaders",
                                    {a.span.event, b.span.event}, std::move(text), true);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
