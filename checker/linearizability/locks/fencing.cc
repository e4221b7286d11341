#include "checker/linearizability/locks/fencing.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

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

std::optional<Clash> FencingChecker::clash() const {
  const auto stale_token = [](const Step& a, const Step& b) {
    return Clash{"stale-token", a.span.event, b.span.event, [a, b](const Narrator& narrator) {
                   return fmt::format("{} and {}: the tokens do not grow with time",
                                      narrator.say(a.span.event), narrator.say(b.span.event));
                 }};
  };
  const auto stale_use = [](const Step& a, const Step& b) {
    return Clash{"stale-use", a.span.event, b.span.event, [a, b](const Narrator& narrator) {
                   return fmt::format(
                       "the resource acted for token {} after it had acted for {}: {}, then {}",
                       a.token, b.token, narrator.say(b.span.event), narrator.say(a.span.event));
                 }};
  };
  const auto against_time = [](const std::vector<Step>& steps) {
    return inversion(steps.size(), [&](std::size_t i) -> const Extent& { return steps[i].span; });
  };
  for (std::size_t i = 0; i + 1 < grants_.size(); ++i) {
    if (grants_[i].token == grants_[i + 1].token) return stale_token(grants_[i], grants_[i + 1]);
  }
  if (const auto pair = against_time(grants_)) {
    return stale_token(grants_[pair->first], grants_[pair->second]);
  }
  // Uses of one token are sorted by their ends, so a pair that is against time has two.
  if (const auto pair = against_time(uses_)) {
    return stale_use(uses_[pair->first], uses_[pair->second]);
  }
  return std::nullopt;
}

/// Each half by its tokens; then the two as they come.
std::vector<std::uint64_t> FencingChecker::order() const {
  EarliestOrder merged;
  for (const auto* steps : {&grants_, &uses_}) {
    merged.begin_sequence();
    for (const Step& step : *steps) merged.add(step.span, 0);
  }
  return std::move(merged).events();
}

}  // namespace assay
