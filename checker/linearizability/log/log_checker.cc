#include "checker/linearizability/log/log_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/narrator.h"
#include "checker/linearizability/sequence.h"
#include "checker/linearizability/sorting.h"
#include "history/integer.h"
#include "history/value_cursor.h"

namespace assay {
namespace {

/// As extent_of, without making an Operation.
Extent extent_at(const History& history, OpIndex index) {
  const auto interval = history.interval(index);
  return {interval.start, history.outcome(index) == Outcome::ok ? interval.end : never,
          history.invoke_event(index)};
}

}  // namespace

void LogChecker::found(std::string_view type, std::vector<std::uint64_t> events, std::string text) {
  if (!finding_.has_value()) finding_ = Finding{type, std::move(events), std::move(text)};
}

void LogChecker::show(std::size_t offset, ValueId value, std::uint64_t event) {
  if (offset >= slots_.size()) {
    slots_.resize(offset + 1);
  }
  Slot& slot = slots_[offset];
  if (slot.shown_by == no_event) {
    slot.value = value;
    slot.shown_by = event;
  } else if (slot.value != value) {
    found("log-conflict", {slot.shown_by, event},
          fmt::format("at offset {} one operation shows {} and another {}", offset,
                      to_text(history_.value(slot.value)), to_text(history_.value(value))));
  }
}

/// Fills elements_. False: that is no list.
bool LogChecker::read_elements(ValueId list) {
  elements_.clear();
  // Integers are read without making Values.
  ValueCursor cursor(history_.encoded(list, scratch_));
  if (cursor.tag() != code_list) return false;
  const std::size_t size = cursor.enter();
  while (elements_.size() < size && cursor.is_integer()) {
    const auto id = id_of(cursor.integer());
    if (!id.has_value()) break;
    elements_.push_back(id);
  }
  if (elements_.size() == size) return true;
  elements_.clear();
  const Value value = history_.value(list);
  for (const Value& element : *value.get_if<Value::List>()) {
    elements_.push_back(history_.find(element));
  }
  return true;
}

Status LogChecker::read(KeyId key) {
  slots_.clear();
  polls_.clear();
  empty_polls_.clear();
  pending_.clear();
  order_.clear();
  finding_.reset();
  ambiguous_ = false;
  const auto operations = history_.operations_on(key);
  const auto send = history_.function_named("send");
  const auto poll = history_.function_named("poll");
  std::size_t sends = 0;
  for (const OpIndex index : operations) {
    if (history_.function(index) == send && history_.outcome(index) != Outcome::fail) ++sends;
  }
  slots_.reserve(sends);
  polls_.reserve(operations.size() - sends);
  constexpr std::size_t ahead = 16;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i + ahead < operations.size()) history_.prefetch(operations[i + ahead]);
    const OpIndex index = operations[i];
    const FunctionId function = history_.function(index);
    if (function != send && function != poll) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a log has no function '{}', expected send or poll",
                               history_.invoke_event(index), history_.function_name(function))};
    }
    if (history_.outcome(index) == Outcome::fail) continue;
    const Extent span = extent_at(history_, index);
    const bool sends_one = function == send;
    const ValueId argument = history_.argument(index);
    const ValueId result = history_.result(index);
    if (span.pending()) {
      if (sends_one) pending_.push_back({span, argument});
      continue;
    }
    const ValueId told = sends_one ? result : argument;
    const auto number = integer_of(history_, told);
    const bool any = !sends_one && told == nil_value;
    if (number.has_value() ? *number < 0 : !any) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: an offset must be an integer of at least 0, got {}",
                               span.event, to_text(history_.value(told)))};
    }
    const std::int64_t offset = number.value_or(0);
    if (sends_one) {
      if (static_cast<std::uint64_t>(offset) >= sends) {
        found(
            "log-gap", {span.event},
            fmt::format("an element was appended at offset {}, but there are only {} sends in all",
                        offset, sends));
        continue;
      }
      const auto at = static_cast<std::size_t>(offset);
      if (at < slots_.size() && slots_[at].send.exists()) {
        found("duplicate-offset", {slots_[at].send.event, span.event},
              fmt::format("two sends were both told offset {}", offset));
        continue;
      }
      show(at, argument, span.event);
      slots_[at].send = span;
      continue;
    }
    if (result == nil_value) continue;
    if (!read_elements(result)) {
      return Error{ErrorKind::bad_data, fmt::format("event {}: a poll must return a list, got {}",
                                                    span.event, to_text(history_.value(result)))};
    }
    if (elements_.empty()) {
      empty_polls_.push_back({span, offset});
      continue;
    }
    if (static_cast<std::uint64_t>(offset) >= sends ||
        elements_.size() > sends - static_cast<std::size_t>(offset)) {
      found("log-gap", {span.event},
            fmt::format("a poll shows {} elements from offset {}, but there are only {} sends in "
                        "all",
                        elements_.size(), offset, sends));
      continue;
    }
    auto at = static_cast<std::size_t>(offset);
    for (const auto& id : elements_) {
      if (!id.has_value()) {
        found("unexpected-element", {span.event}, "a poll shows an element that nobody sent");
        break;
      }
      show(at++, *id, span.event);
    }
    polls_.push_back({span, offset + static_cast<std::int64_t>(elements_.size())});
  }
  return {};
}

/// Sends that never returned fill the offsets that no returned send has: those whose element was
/// seen by the element, the others in the order in which they began.
void LogChecker::assign_pending() {
  std::stable_sort(
      pending_.begin(), pending_.end(),
      [](const PendingSend& a, const PendingSend& b) { return a.span.start < b.span.start; });
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> by_value;  // latest first
  for (std::uint32_t i = static_cast<std::uint32_t>(pending_.size()); i-- > 0;) {
    by_value[static_cast<std::uint64_t>(pending_[i].value)].push_back(i);
  }
  std::vector<bool> used(pending_.size(), false);
  bool choice = false;
  for (std::size_t offset = 0; offset < slots_.size(); ++offset) {
    Slot& slot = slots_[offset];
    if (slot.send.exists() || slot.shown_by == no_event) continue;
    const auto candidates = by_value.find(static_cast<std::uint64_t>(slot.value));
    if (candidates == by_value.end() || candidates->second.empty()) {
      std::vector<std::uint64_t> events{slot.shown_by};
      for (const Slot& other : slots_) {
        if (&other != &slot && other.shown_by != no_event && other.value == slot.value) {
          events.push_back(other.shown_by);
        }
      }
      std::sort(events.begin(), events.end());
      events.erase(std::unique(events.begin(), events.end()), events.end());
      found(events.size() == 1 ? "unexpected-element" : "duplicate-element", events,
            fmt::format("{} is at more offsets than it was sent times",
                        to_text(history_.value(slot.value))));
      return;
    }
    choice = choice || candidates->second.size() > 1;
    const std::uint32_t i = candidates->second.back();
    candidates->second.pop_back();
    used[i] = true;
    slot.send = pending_[i].span;
  }
  std::size_t next = 0;
  for (std::size_t offset = 0; offset < slots_.size(); ++offset) {
    Slot& slot = slots_[offset];
    if (slot.send.exists()) continue;
    while (next < pending_.size() && used[next]) ++next;
    if (next == pending_.size()) {
      std::size_t above = offset + 1;
      while (slots_[above].shown_by == no_event) ++above;
      std::vector<std::uint64_t> events{slots_[above].shown_by};
      add_sightings(events);
      found("log-gap", events,
            fmt::format("there is an element at offset {}, but no send can have filled all offsets "
                        "before it",
                        above));
      return;
    }
    slot.send = pending_[next++].span;
    ambiguous_ = choice;
  }
}

/// What tells the offsets of sends that never returned.
void LogChecker::add_sightings(std::vector<std::uint64_t>& events) const {
  for (const Slot& slot : slots_) {
    if (slot.send.pending() && slot.shown_by != no_event) events.push_back(slot.shown_by);
  }
}

void LogChecker::judge(bool want_order) {
  if (finding_.has_value()) return;
  assign_pending();
  if (finding_.has_value()) return;
  sort_nearly(polls_, [](const Poll& a, const Poll& b) { return a.length < b.length; });
  std::vector<Extent> sequence;
  std::vector<std::size_t> send_at;
  send_at.reserve(slots_.size());
  sequence.reserve(slots_.size() + polls_.size());
  std::size_t poll = 0;
  for (std::size_t offset = 0; offset < slots_.size(); ++offset) {
    send_at.push_back(sequence.size());
    sequence.push_back(slots_[offset].send);
    for (; poll < polls_.size() && polls_[poll].length == static_cast<std::int64_t>(offset) + 1;
         ++poll) {
      sequence.push_back(polls_[poll].span);
    }
  }
  if (const auto pair = inversion(sequence)) {
    const Extent& a = sequence[pair->first];
    const Extent& b = sequence[pair->second];
    std::vector<std::uint64_t> events{a.event, b.event};
    if (a.pending()) add_sightings(events);
    found("nonmonotonic-log", events,
          "the offsets say that one operation precedes the other, but that other had returned "
          "before the one began");
    return;
  }
  // As late as possible each; an empty poll when it begins.
  std::vector<std::int64_t> latest(sequence.size());
  std::int64_t end = never;
  for (std::size_t i = sequence.size(); i-- > 0;) latest[i] = end = std::min(end, sequence[i].end);
  std::stable_sort(empty_polls_.begin(), empty_polls_.end(),
                   [](const Poll& a, const Poll& b) { return a.span.start < b.span.start; });
  for (const Poll& empty : empty_polls_) {
    if (empty.length >= static_cast<std::int64_t>(slots_.size())) continue;
    const std::size_t at = send_at[static_cast<std::size_t>(empty.length)];
    if (latest[at] >= empty.span.start) continue;
    const auto earliest =
        std::find_if(sequence.begin() + static_cast<std::ptrdiff_t>(at), sequence.end(),
                     [&](const Extent& extent) { return extent.end == latest[at]; });
    found("lost-element", {empty.span.event, earliest->event},
          fmt::format("a poll from offset {} found nothing, but an operation that had returned "
                      "before shows that there was an element",
                      empty.length));
    return;
  }
  if (!want_order) return;
  order_.reserve(sequence.size() + empty_polls_.size());
  std::size_t empty = 0;
  for (std::size_t i = 0; i < sequence.size(); ++i) {
    for (; empty < empty_polls_.size() && empty_polls_[empty].span.start <= latest[i]; ++empty) {
      order_.push_back(empty_polls_[empty].span.event);
    }
    order_.push_back(sequence[i].event);
  }
  for (; empty < empty_polls_.size(); ++empty) order_.push_back(empty_polls_[empty].span.event);
}

Result<KeyOutcome> LogChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  static_cast<void>(limits);
  if (auto status = read(key); !status) return status.error();
  judge(want_order);
  KeyOutcome outcome;
  outcome.algorithm = "offsets";
  outcome.search.answer =
      finding_.has_value() ? SearchAnswer::not_linearizable : SearchAnswer::linearizable;
  if (finding_.has_value() && ambiguous_) {
    outcome.search.answer = SearchAnswer::undecided;
    outcome.search.reason =
        "equal elements were sent by operations that never returned, and offsets are missing";
  }
  outcome.order = std::move(order_);
  return outcome;
}

ExplainedAnomaly LogChecker::explain(KeyId key, const KeyOutcome& outcome,
                                     const SearchLimits& limits) {
  static_cast<void>(outcome);
  static_cast<void>(limits);
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  judge(false);
  const Narrator narrator(history_, key);
  std::sort(finding_->events.begin(), finding_->events.end());
  finding_->events.erase(std::unique(finding_->events.begin(), finding_->events.end()),
                         finding_->events.end());
  std::string text = finding_->text + ":";
  for (std::size_t i = 0; i < finding_->events.size(); ++i) {
    text += (i == 0 ? " " : ", ") + narrator.say(finding_->events[i]);
  }
  ExplainedAnomaly result;
  result.anomaly = narrator.anomaly(finding_->type, finding_->events, std::move(text), true);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  result.refuted_by_rule = true;
  return result;
}

}  // namespace assay
