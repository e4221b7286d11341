#include "checker/linearizability/locks/fencing.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/narrator.h"
#include "checker/linearizability/sequence.h"
#include "history/integer.h"

namespace assay {

Status FencingChecker::read(KeyId key) {
  grants_.clear();
  uses_.clear();
  const auto acquire = history_.function_named("acquire");
  const auto use = history_.function_named("use");
  const auto release = history_.function_named("release");
  for (const OpIndex index : history_.operations_on(key)) {
    const Operation operation = history_[index];
    const bool grants = operation.function == acquire;
    if (!grants && operation.function != use && operation.function != release) {
      return Error{
          ErrorKind::bad_data,
          fmt::format("event {}: a fenced resource has no function '{}', expected acquire, "
                      "use or release",
                      operation.invoke_event, history_.function_name(operation.function))};
    }
    // What never returned may never have happened; and a release says nothing about tokens.
    if (operation.outcome != Outcome::ok || operation.function == release) continue;
    const ValueId said = grants ? operation.result : operation.argument;
    const auto token = integer_of(history_, said);
    if (!token.has_value()) {
      return Error{
          ErrorKind::bad_data,
          fmt::format("event {}: expected {} a token, an integer, got {}", operation.invoke_event,
                      grants ? "the acquire to return" : "the use to name",
                      to_text(history_.value(said)))};
    }
    (grants ? grants_ : uses_).push_back({*token, extent_of(history_, operation)});
  }
  for (auto* steps : {&grants_, &uses_}) {
    std::stable_sort(steps->begin(), steps->end(), [](const Step& a, const Step& b) {
      return std::tie(a.token, a.span.end) < std::tie(b.token, b.span.end);
    });
  }
  return {};
}

std::optional<FencingChecker::Conflict> FencingChecker::conflict() const {
  for (std::size_t i = 0; i + 1 < grants_.size(); ++i) {
    if (grants_[i].token == grants_[i + 1].token) return Conflict{grants_[i], grants_[i + 1]};
  }
  for (const bool of_uses : {false, true}) {
    const auto& steps = of_uses ? uses_ : grants_;
    const auto pair =
        inversion(steps.size(), [&](std::size_t i) -> const Extent& { return steps[i].span; });
    // Uses of one token are sorted by their ends, so a pair that is against time has two.
    if (pair) return Conflict{steps[pair->first], steps[pair->second], of_uses};
  }
  return std::nullopt;
}

/// Each half by its tokens, as early as its operations allow; then the two as they come.
std::vector<std::uint64_t> FencingChecker::order() const {
  std::vector<std::pair<std::int64_t, std::uint64_t>> placed;
  for (const auto* steps : {&grants_, &uses_}) {
    std::int64_t latest = std::numeric_limits<std::int64_t>::min();
    for (const Step& step : *steps) {
      latest = std::max(latest, step.span.start);
      placed.emplace_back(latest, step.span.event);
    }
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<std::uint64_t> events;
  events.reserve(placed.size());
  for (const auto& [at, event] : placed) events.push_back(event);
  return events;
}

Result<KeyOutcome> FencingChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  static_cast<void>(limits);
  if (auto status = read(key); !status) return status.error();
  KeyOutcome outcome;
  outcome.algorithm = "tokens";
  outcome.search.answer =
      conflict().has_value() ? SearchAnswer::not_linearizable : SearchAnswer::linearizable;
  if (want_order && outcome.search.answer == SearchAnswer::linearizable) outcome.order = order();
  return outcome;
}

ExplainedAnomaly FencingChecker::explain(KeyId key, const KeyOutcome& outcome,
                                         const SearchLimits& limits) {
  static_cast<void>(outcome);
  static_cast<void>(limits);
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  const Conflict found = *conflict();
  const Narrator narrator(history_, key);
  const std::string first = narrator.say(found.first.span.event);
  const std::string second = narrator.say(found.second.span.event);
  std::string text =
      found.of_uses
          ? fmt::format("the resource acted for token {} after it had acted for {}: {}, then {}",
                        found.first.token, found.second.token, second, first)
          : fmt::format("{} and {}: the tokens do not grow with time", first, second);
  ExplainedAnomaly result;
  result.anomaly =
      narrator.anomaly(found.of_uses ? "stale-use" : "stale-token",
                       {found.first.span.event, found.second.span.event}, std::move(text), true);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

}  // namespace assay
