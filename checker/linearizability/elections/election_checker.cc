#include "checker/linearizability/elections/election_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace assay {

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

std::optional<Clash> ElectionChecker::clash() const {
  std::unordered_map<std::int64_t, std::size_t> first_of_term;
  first_of_term.reserve(sights_.size());
  std::size_t over = 0;  // sights of the process before this one had returned
  std::size_t highest = 0;
  for (std::size_t i = 0; i < sights_.size(); ++i) {
    const Sight& sight = sights_[i];
    const auto [at, is_new] = first_of_term.emplace(sight.term, i);
    const Sight& first = sights_[at->second];
    if (!is_new && first.leader != sight.leader) {
      return Clash{"two-leaders", first.span.event, sight.span.event,
                   [first, sight](const Narrator& narrator) {
                     return fmt::format("term {} has two leaders: {} and {}", first.term,
                                        narrator.say(first.span.event),
                                        narrator.say(sight.span.event));
                   }};
    }
    if (i == 0 || sights_[i - 1].process != sight.process) {
      over = i;
      highest = i;
    }
    for (; over < i && sights_[over].span.end < sight.span.start; ++over) {
      if (sights_[over].term > sights_[highest].term) highest = over;
    }
    const Sight& before = sights_[highest];
    if (highest < over && before.term > sight.term) {
      return Clash{"term-went-back", before.span.event, sight.span.event,
                   [before, sight](const Narrator& narrator) {
                     return fmt::format("process {} saw term {} and later term {}: {}, then {}",
                                        before.process, before.term, sight.term,
                                        narrator.say(before.span.event),
                                        narrator.say(sight.span.event));
                   }};
    }
  }
  return std::nullopt;
}

/// Of each process by terms.
std::vector<std::uint64_t> ElectionChecker::order() const {
  std::vector<Sight> sorted = sights_;
  std::stable_sort(sorted.begin(), sorted.end(), [](const Sight& a, const Sight& b) {
    return std::tie(a.process, a.term) < std::tie(b.process, b.term);
  });
  EarliestOrder merged;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i == 0 || sorted[i - 1].process != sorted[i].process) merged.begin_sequence();
    merged.add(sorted[i].span, sorted[i].term);
  }
  return std::move(merged).events();
}

}  // namespace assay
