#include "checker/certificate/witness_verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <set>
#include <utility>

#include "checker/certificate/refuse.h"

namespace assay {
namespace {

constexpr std::size_t largest_witness = 48;
/// How many beginnings of orders (which operations, and the state they lead to) are looked at. All
/// orders of eight operations have fewer.
constexpr std::size_t most_beginnings = std::size_t{1} << 20U;

Status check_size(std::size_t size) {
  if (size <= largest_witness) return {};
  return refuse(
      fmt::format("a witness of {} operations; at most {} can be refuted", size, largest_witness));
}

/// An operation that changes nothing matters only to a witness that has it.
bool only_looks(std::string_view datatype, std::string_view f) {
  if (datatype == "log") return f == "poll";
  if (datatype == "kv-string") return f == "get";
  if (datatype == "set") return f == "read" || f == "contains";
  return (datatype == "register" || datatype == "counter") && f == "read";
}

}  // namespace

Act act_of(const History& history, std::string_view datatype, const Operation& operation) {
  const auto interval = history.interval(operation.index);
  Act act;
  act.index = operation.index;
  act.event = operation.invoke_event;
  act.start = interval.start;
  act.returned = operation.outcome == Outcome::ok;
  act.end = act.returned ? interval.end : never;
  if (datatype == "lease") {
    act.start = operation.invoked.count();
    if (act.returned) act.end = operation.completed.count();
  }
  act.process = static_cast<std::int32_t>(operation.process);
  act.f = history.function_name(operation.function);
  act.argument = history.value(operation.argument);
  if (act.returned) act.result = history.value(operation.result);
  return act;
}

Status WitnessVerifier::refute(const Witness& witness) const {
  if (!has_rule(datatype_)) {
    if (auto status = check_size(witness.operations.size()); !status) return status;
  }
  auto acts = collect(witness.operations);
  if (!acts) return acts.error();
  Evidence evidence{std::move(acts).value(), history_.info(), false};
  const EachAct each_act = [this](const auto& visit) { each(visit); };
  if (auto status = close_witness(datatype_, witness, each_act, evidence); !status) return status;
  if (evidence.refuted) return {};
  if (auto status = check_size(evidence.acts.size()); !status) return status;
  const auto legal = has_legal_order(evidence);
  if (!legal) return legal.error();
  if (!legal.value()) return {};
  return refuse(fmt::format("the operations of the witness (first event {}) have a legal order",
                            witness.operations.front()));
}

void WitnessVerifier::remember() {
  std::vector<Act> acts;
  each([&](const Act& act) { acts.push_back(act); });
  remembered_ = std::move(acts);
  remembers_ = true;
}

void WitnessVerifier::each(const std::function<void(const Act&)>& visit) const {
  for (const Act& act : remembered_) visit(act);
  if (remembers_) return;
  for (const OpIndex index : history_.operations_on(key_)) {
    const Operation operation = history_[index];
    if (operation.outcome == Outcome::fail) continue;
    if (only_looks(datatype_, history_.function_name(operation.function))) continue;
    visit(act_of(history_, datatype_, operation));
  }
}

/// The operations of a witness.
Result<std::vector<Act>> WitnessVerifier::collect(const std::vector<std::uint64_t>& events) const {
  if (events.empty()) return refuse("an empty witness");
  const auto operations = history_.operations_on(key_);
  std::vector<Act> acts;
  std::set<std::uint64_t> seen;
  for (const std::uint64_t event : events) {
    // Invocations ascend with the operations.
    const auto at = std::lower_bound(operations.begin(), operations.end(), event,
                                     [&](OpIndex operation, std::uint64_t wanted) {
                                       return history_.invoke_event(operation) < wanted;
                                     });
    if (at == operations.end() || history_.invoke_event(*at) != event) {
      return refuse(fmt::format("event {} is no invocation on its key", event));
    }
    const Operation operation = history_[*at];
    if (operation.outcome == Outcome::fail) {
      return refuse(fmt::format("event {} failed, so it has no place in a witness", event));
    }
    if (!seen.insert(event).second) return refuse(fmt::format("event {} occurs twice", event));
    acts.push_back(act_of(history_, datatype_, operation));
    if (says_nothing(datatype_, history_.info(), acts.back())) {
      return refuse(fmt::format("event {} says nothing, so it shows nothing", event));
    }
  }
  return acts;
}

Result<bool> WitnessVerifier::has_legal_order(const Evidence& evidence) const {
  const std::vector<Act>& acts = evidence.acts;
  // By operation: those that must come before it.
  std::vector<std::uint64_t> earlier(acts.size(), 0);
  std::uint64_t must = 0;
  for (std::size_t i = 0; i < acts.size(); ++i) {
    if (acts[i].returned) must |= std::uint64_t{1} << i;
    for (std::size_t j = 0; j < acts.size(); ++j) {
      if (acts[j].returned && acts[j].end < acts[i].start) earlier[i] |= std::uint64_t{1} << j;
    }
  }
  using State = std::unique_ptr<Specification>;
  std::set<std::pair<std::uint64_t, std::string>> tried;
  std::vector<std::pair<std::uint64_t, State>> open;
  const auto place = [&](std::uint64_t placed, const Specification& state, const Act& act) {
    auto next = state.clone();
    if (!next->apply(act) || !tried.emplace(placed, next->encode()).second) return;
    open.emplace_back(placed, std::move(next));
  };
  open.emplace_back(0, make_specification(datatype_, evidence.info));
  while (!open.empty()) {
    if (tried.size() > most_beginnings) {
      return refuse(fmt::format("a witness of {} operations with more orders than can be tried",
                                acts.size()));
    }
    const std::uint64_t placed = open.back().first;
    const State state = std::move(open.back().second);
    open.pop_back();
    if ((placed & must) == must) return true;
    for (std::size_t i = 0; i < acts.size(); ++i) {
      const std::uint64_t bit = std::uint64_t{1} << i;
      if ((placed & bit) != 0 || (earlier[i] & ~placed) != 0) continue;
      const auto choices = acts[i].returned ? std::vector<Value>() : state->choices(acts[i]);
      if (choices.empty()) place(placed | bit, *state, acts[i]);
      for (const Value& choice : choices) {
        Act completed = acts[i];
        completed.completed = true;
        completed.result = choice;
        place(placed | bit, *state, completed);
      }
    }
  }
  return false;
}

}  // namespace assay
