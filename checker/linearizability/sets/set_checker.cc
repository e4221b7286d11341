#include "checker/linearizability/sets/set_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "base/assert.h"
#include "checker/linearizability/minimize.h"
#include "checker/linearizability/narrator.h"
#include "checker/linearizability/sorting.h"

namespace assay {
namespace {

constexpr std::string_view by_reads = "chain-of-reads";
constexpr std::string_view by_element = "elements";

/// How many operations ahead what an operation needs of its element is fetched: elements lie all
/// over the memory.
constexpr std::size_t ahead = 16;

template <class T>
bool has(const std::vector<T>& items, T item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

/// The calls that matter to what had returned by `instant`: those that told something by then, and
/// all changes that began before one of the calls that matter told something.
std::vector<ElementCall> until(const std::vector<ElementCall>& calls, std::int64_t instant) {
  const auto tells = [](const ElementCall& call) {
    return !call.span.pending() && call.act != ElementAct::add && call.act != ElementAct::remove;
  };
  for (std::int64_t latest = instant;;) {
    std::vector<ElementCall> some;
    std::int64_t next = latest;
    for (const ElementCall& call : calls) {
      const bool kept = call.mutates() ? call.span.start <= latest : call.span.end <= instant;
      if (!kept) continue;
      some.push_back(call);
      if (tells(call)) next = std::max(next, call.span.end);
    }
    if (next == latest) return some;
    latest = next;
  }
}

/// As few of the calls as possible by leaving out what came late. REQUIRES that no order fits them.
std::vector<ElementCall> drop_late(std::vector<ElementCall> calls, const SearchLimits& limits) {
  std::vector<std::int64_t> ends;
  for (const ElementCall& call : calls) {
    if (!call.span.pending()) ends.push_back(call.span.end);
  }
  std::sort(ends.begin(), ends.end());
  const auto first = std::partition_point(ends.begin(), ends.end(), [&](std::int64_t end) {
    return decide_element(until(calls, end), limits, nullptr) != SearchAnswer::not_linearizable;
  });
  return first == ends.end() ? calls : until(calls, *first);
}

}  // namespace

SetChecker::SetChecker(const History& history, std::unique_ptr<ObjectChecker> search)
    : history_(history),
      search_(std::move(search)),
      yes_(history.find(Value(true)).value_or(ValueId{~std::uint64_t{0}})),
      no_(history.find(Value(false)).value_or(ValueId{~std::uint64_t{0}})) {
  for (std::size_t i = 0; i < history.function_count(); ++i) {
    const auto name = history.function_name(static_cast<FunctionId>(i));
    functions_.push_back(name == "add"        ? Function::add
                         : name == "remove"   ? Function::remove
                         : name == "contains" ? Function::contains
                         : name == "read"     ? Function::read
                                              : Function::unknown);
  }
}

Status SetChecker::read(KeyId key) {
  const auto operations = history_.operations_on(key);
  numbers_.clear(operations.size());
  values_.clear();
  strangers_.clear();
  calls_.clear();
  reads_.clear();
  adds_.clear();
  plain_adds_ = true;
  calls_.reserve(operations.size());
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i + ahead < operations.size()) {
      history_.prefetch(operations[i + ahead]);
      numbers_.prefetch(history_.argument(operations[i + ahead / 2]));
    }
    const Operation operation = history_[operations[i]];
    const Function function = functions_[operation.function];
    if (function == Function::unknown) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a set has no function '{}', expected add, remove, "
                               "contains or read",
                               operation.invoke_event, history_.function_name(operation.function))};
    }
    if (operation.outcome == Outcome::fail) continue;
    const Extent span = extent_of(history_, operation);
    if (function == Function::read) {
      if (span.pending() || operation.result == nil_value) continue;
      if (auto status = read_whole(operation, span); !status) return status;
      continue;
    }
    const ValueId result = operation.argument == yes_ || operation.argument == no_ || span.pending()
                               ? nil_value
                               : operation.result;
    const bool told = result == yes_ || result == no_;
    ElementAct act = ElementAct::add;
    if (function == Function::contains) {
      if (span.pending() || (!told && operation.result == nil_value)) continue;
      if (!told && operation.result != yes_ && operation.result != no_) {
        return Error{ErrorKind::bad_data,
                     fmt::format("event {}: contains must return true or false, got {}", span.event,
                                 to_text(history_.value(operation.result)))};
      }
      act = operation.result == yes_ ? ElementAct::present : ElementAct::absent;
    } else if (function == Function::add) {
      act = !told ? ElementAct::add : result == yes_ ? ElementAct::add_sure : ElementAct::present;
    } else {
      act = !told            ? ElementAct::remove
            : result == yes_ ? ElementAct::remove_sure
                             : ElementAct::absent;
    }
    plain_adds_ = plain_adds_ && act == ElementAct::add;
    const std::uint32_t element = numbers_.number(operation.argument);
    if (element == values_.size()) values_.push_back(operation.argument);
    calls_.push_back({{span, act}, element});
  }
  const auto earlier = [](const Call& a, const Call& b) {
    return a.call.span.start < b.call.span.start;
  };
  sort_nearly(calls_, earlier);
  return {};
}

Status SetChecker::read_whole(const Operation& operation, const Extent& span) {
  const Value result = history_.value(operation.result);
  const auto* set = result.get_if<Value::Set>();
  const Value::List* list = set != nullptr ? &set->elements : result.get_if<Value::List>();
  if (list == nullptr) {
    return Error{ErrorKind::bad_data,
                 fmt::format("event {}: a read of a set must return a list or set, got {}",
                             span.event, to_text(result))};
  }
  WholeRead read{span, {}};
  read.elements.reserve(list->size());
  for (const Value& value : *list) {
    const auto id = history_.find(value);
    // A value that no operation names gets a number of its own, far from all others.
    std::uint64_t stranger = 0;
    if (!id.has_value()) {
      const auto at = std::find(strangers_.begin(), strangers_.end(), value);
      stranger = static_cast<std::uint64_t>(at - strangers_.begin());
      if (at == strangers_.end()) strangers_.push_back(value);
    }
    const ValueId key = id.value_or(ValueId{~std::uint64_t{1} - stranger});
    const std::uint32_t element = numbers_.number(key);
    if (element == values_.size()) values_.push_back(key);
    read.elements.push_back(element);
  }
  reads_.push_back(std::move(read));
  return {};
}

std::vector<ElementCall> SetChecker::calls_of(std::uint32_t element) const {
  std::vector<ElementCall> calls;
  for (const Call& call : calls_) {
    if (call.element == element) calls.push_back(call.call);
  }
  return calls;
}

KeyOutcome SetChecker::decide_elements(const SearchLimits& limits, bool want_order) {
  KeyOutcome outcome;
  outcome.algorithm = by_element;
  std::vector<ElementSummary> summaries(values_.size());
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    if (i + ahead < calls_.size()) __builtin_prefetch(&summaries[calls_[i + ahead].element], 1);
    summaries[calls_[i].element].note(calls_[i].call);
  }
  std::vector<ElementPlan> plans(values_.size());
  std::vector<bool> searched(values_.size(), false);
  const auto refute = [&](std::uint32_t element) {
    outcome.search.answer = SearchAnswer::not_linearizable;
    outcome.search.suspects = {element};
    outcome.order.clear();
    return outcome;
  };
  std::size_t difficult = 0;
  for (std::uint32_t x = 0; x < plans.size(); ++x) {
    if (!summaries[x].closed_form()) {
      searched[x] = true;
      ++difficult;
      continue;
    }
    plans[x] = plan_element(summaries[x]);
    if (!plans[x].possible) return refute(x);
  }
  std::vector<Placement> placed;
  if (want_order) placed.reserve(calls_.size());
  std::vector<std::vector<ElementCall>> calls(difficult == 0 ? 0 : values_.size());
  for (std::size_t i = 0; i < calls_.size(); ++i) {
    if (i + ahead < calls_.size()) __builtin_prefetch(&plans[calls_[i + ahead].element]);
    const Call& c = calls_[i];
    if (searched[c.element]) {
      calls[c.element].push_back(c.call);
      continue;
    }
    const ElementPlan& plan = plans[c.element];
    if (c.call.act == ElementAct::absent && !fits(plan, c.call.span)) return refute(c.element);
    if (!want_order) continue;
    if (c.call.mutates() && c.call.span.pending()) {
      const bool adds = c.call.act == ElementAct::add || c.call.act == ElementAct::add_sure;
      if (adds ? !plan.added : !plan.removed) continue;
    }
    placed.push_back(place(plan, c.call));
  }
  bool undecided = false;
  for (std::uint32_t x = 0; x < calls.size(); ++x) {
    if (!searched[x]) continue;
    const auto answer = decide_element(calls[x], limits, want_order ? &placed : nullptr);
    if (answer == SearchAnswer::not_linearizable) return refute(x);
    undecided = undecided || answer == SearchAnswer::undecided;
  }
  if (undecided) {
    outcome.search.reason = "the search of an element ran into its limits";
    return outcome;
  }
  outcome.search.answer = SearchAnswer::linearizable;
  std::stable_sort(placed.begin(), placed.end(), [](const Placement& a, const Placement& b) {
    return a.at != b.at ? a.at < b.at : a.turn < b.turn;
  });
  outcome.order.reserve(placed.size());
  for (const Placement& p : placed) outcome.order.push_back(p.event);
  return outcome;
}

Result<KeyOutcome> SetChecker::decide(KeyId key, const SearchLimits& limits, bool want_order) {
  if (auto status = read(key); !status) return status.error();
  if (reads_.empty()) return decide_elements(limits, want_order);
  KeyOutcome outcome;
  outcome.algorithm = by_reads;
  if (!plain_adds_) {
    if (search_ != nullptr) return search_->decide(key, limits, want_order);
    outcome.search.reason = "the set is read as a whole and elements are removed or asked for";
    return outcome;
  }
  for (const Call& call : calls_) adds_.push_back({call.call.span, call.element});
  auto chain = decide_whole_reads(reads_, adds_, values_.size(), want_order);
  outcome.search.answer =
      chain.linearizable ? SearchAnswer::linearizable : SearchAnswer::not_linearizable;
  outcome.order = std::move(chain.order);
  return outcome;
}

ExplainedAnomaly SetChecker::explain(KeyId key, const KeyOutcome& outcome,
                                     const SearchLimits& limits) {
  if (outcome.algorithm != by_reads && outcome.algorithm != by_element) {
    return search_->explain(key, outcome, limits);
  }
  const auto status = read(key);
  ASSAY_ASSERT(status.ok());
  if (outcome.algorithm == by_element) {
    return explain_element(key, outcome.search.suspects.front(), limits);
  }
  for (const Call& call : calls_) adds_.push_back({call.call.span, call.element});
  return explain_reads(key, decide_whole_reads(reads_, adds_, values_.size(), false));
}

ExplainedAnomaly SetChecker::explain_element(KeyId key, std::uint32_t element,
                                             const SearchLimits& limits) {
  const auto calls = drop_late(calls_of(element), limits);
  // Adds and removes that changed something must all stay; what only looked may go.
  std::vector<std::uint32_t> looks;
  for (std::uint32_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].mutates()) looks.push_back(i);
  }
  const auto with = [&](const std::vector<std::uint32_t>& kept) {
    std::vector<bool> chosen(calls.size(), false);
    for (const std::uint32_t k : kept) chosen[looks[k]] = true;
    std::vector<ElementCall> some;
    for (std::uint32_t i = 0; i < calls.size(); ++i) {
      if (chosen[i] || calls[i].mutates()) some.push_back(calls[i]);
    }
    return some;
  };
  bool certain = true;
  const auto kept = minimize(looks.size(), [&](const std::vector<std::uint32_t>& rest) {
    const auto answer = decide_element(with(rest), limits, nullptr);
    certain = certain && answer != SearchAnswer::undecided;
    return answer == SearchAnswer::not_linearizable;
  });
  std::vector<std::uint64_t> events;
  std::string_view type = "nonlinearizable";
  std::string text;
  bool removed = false;
  bool added = false;
  const Narrator narrator(history_, key);
  const auto some = drop_late(with(kept), limits);
  for (const ElementCall& call : some) {
    events.push_back(call.span.event);
    removed = removed || call.act == ElementAct::remove || call.act == ElementAct::remove_sure;
    added = added || call.act == ElementAct::add || call.act == ElementAct::add_sure;
    if (some.size() <= 6) text += (text.empty() ? "" : ", ") + narrator.say(call.span.event);
  }
  const bool misses = std::any_of(some.begin(), some.end(), [](const ElementCall& call) {
    return call.act == ElementAct::absent;
  });
  if (!added) type = "unexpected-element";
  if (added && misses && !removed) type = "stale-read";
  if (added && removed) type = "element-order";
  text = fmt::format("no order of the operations on element {} fits what they returned{}{}",
                     narrator.value(values_[element]), text.empty() ? "" : ": ", text);
  ExplainedAnomaly result;
  result.anomaly = narrator.anomaly(type, std::move(events), std::move(text), certain);
  result.witness = {result.anomaly.key, result.anomaly.witness, {}};
  return result;
}

/// The adds of some elements that began before the last of some reads returned.
std::vector<ElementAdd> SetChecker::adds_of(const std::vector<std::uint64_t>& reads,
                                            const std::vector<std::uint32_t>& elements) const {
  std::int64_t latest = std::numeric_limits<std::int64_t>::min();
  for (const WholeRead& read : reads_) {
    if (has(reads, read.span.event)) latest = std::max(latest, read.span.end);
  }
  std::vector<ElementAdd> adds;
  for (const ElementAdd& add : adds_) {
    if (has(elements, add.element) && add.span.start <= latest) adds.push_back(add);
  }
  return adds;
}

/// What some reads say about some elements, by themselves.
WholeReadsOutcome SetChecker::about(const std::vector<std::uint64_t>& reads,
                                    const std::vector<std::uint32_t>& elements) const {
  std::vector<WholeRead> restricted;
  for (const WholeRead& read : reads_) {
    if (!has(reads, read.span.event)) continue;
    restricted.push_back(read);
    std::erase_if(restricted.back().elements, [&](auto x) { return !has(elements, x); });
  }
  return decide_whole_reads(restricted, adds_of(reads, elements), values_.size(), false);
}

/// As few of its reads and elements as still fit no order.
void SetChecker::make_minimal(WholeReadsOutcome& outcome) const {
  const auto smaller = [&](auto& all, const auto& refuted) {
    for (std::size_t i = 0; i < all.size() && all.size() > 1;) {
      auto rest = all;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      if (refuted(rest)) {
        all = std::move(rest);
      } else {
        ++i;
      }
    }
  };
  auto reads = outcome.reads;
  auto elements = outcome.elements;
  smaller(reads, [&](const auto& rest) { return !about(rest, elements).linearizable; });
  smaller(elements, [&](const auto& rest) { return !about(reads, rest).linearizable; });
  if (reads.size() == outcome.reads.size() && elements.size() == outcome.elements.size()) return;
  outcome = about(reads, elements);
}

ExplainedAnomaly SetChecker::explain_reads(KeyId key, WholeReadsOutcome outcome) {
  make_minimal(outcome);
  const Narrator narrator(history_, key);
  std::vector<std::uint64_t> events = outcome.reads;
  std::vector<Value> values;
  for (const ElementAdd& add : adds_of(outcome.reads, outcome.elements)) {
    events.push_back(add.span.event);
  }
  std::string names;
  for (const std::uint32_t x : outcome.elements) {
    const auto raw = static_cast<std::uint64_t>(values_[x]);
    const std::uint64_t stranger = ~std::uint64_t{1} - raw;
    values.push_back(stranger < strangers_.size() ? strangers_[stranger]
                                                  : history_.value(values_[x]));
    names += (names.empty() ? "" : ", ") + to_text(values.back());
  }
  std::string text = fmt::format("{} ({})", outcome.explanation, names);
  std::string who;
  for (const std::uint64_t event : outcome.reads) {
    who += fmt::format("{}the read by {} (event {})", who.empty() ? ": " : ", ",
                       narrator.process(event), event);
  }
  ExplainedAnomaly result;
  result.anomaly = narrator.anomaly(outcome.type, std::move(events), text + who, true);
  result.witness = {result.anomaly.key, result.anomaly.witness, std::move(values)};
  return result;
}

}  // namespace assay
