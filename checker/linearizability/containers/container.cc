#include "checker/linearizability/containers/container.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "checker/linearizability/sorting.h"
#include "history/integer.h"

namespace assay {
namespace {

constexpr std::string_view insertions = "enqueue enq push insert add put";
constexpr std::string_view removals =
    "dequeue deq pop remove poll take extract-min delete-min remove-min";
constexpr std::string_view looks = "peek top front head find-min";

bool starts_earlier(const Extent& a, const Extent& b) { return a.start < b.start; }

}  // namespace

bool is_insertion(std::string_view function) { return has_word(insertions, function); }
bool is_removal(std::string_view function) { return has_word(removals, function); }
bool is_look(std::string_view function) { return has_word(looks, function); }

bool means_empty(const Value& result) {
  if (result.is_nil()) return true;
  if (const auto* keyword = result.get_if<Value::Keyword>()) {
    return keyword->name == "empty" || keyword->name == "nil";
  }
  const auto* text = result.get_if<std::string>();
  return text != nullptr && *text == "empty";
}

ContainerReader::ContainerReader(const History& history, ContainerKind kind)
    : history_(history), kind_(kind), empty_{nil_value} {
  for (std::size_t i = 0; i < history.function_count(); ++i) {
    const auto name = history.function_name(static_cast<FunctionId>(i));
    actions_.push_back(is_insertion(name) ? Action::insert
                       : is_removal(name) ? Action::remove
                       : is_look(name)    ? Action::look
                                          : Action::unknown);
  }
  for (const Value& value :
       {Value(Value::Keyword{"empty"}), Value(Value::Keyword{"nil"}), Value("empty")}) {
    if (const auto id = history.find(value)) empty_.push_back(*id);
  }
}

Result<ContainerReader::Read> ContainerReader::read(KeyId key) {
  Read read;
  Container& container = read.container;
  std::vector<Element>& elements = container.elements;
  const auto element = [&](ValueId value) -> Element& {
    const std::uint32_t number = numbers_.number(value);
    if (number == elements.size()) elements.push_back({{}, {}, value, 0});
    return elements[number];
  };
  const auto operations = history_.operations_on(key);
  numbers_.clear(operations.size());
  bool repeated = false;
  bool looked = false;
  ValueId suspect = nil_value;
  elements.reserve(operations.size() / 2 + 1);
  constexpr std::size_t ahead = 16;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i + ahead < operations.size()) {
      history_.prefetch(operations[i + ahead]);
      const OpIndex soon = operations[i + ahead / 2];
      const bool inserts = actions_[history_.function(soon)] == Action::insert;
      numbers_.prefetch(inserts ? history_.argument(soon) : history_.result(soon));
    }
    const Operation operation = history_[operations[i]];
    const Action action = actions_[operation.function];
    if (action == Action::unknown) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: a container has no function '{}', expected an insertion "
                               "({}), a removal ({}) or a look ({}); name another --datatype",
                               operation.invoke_event, history_.function_name(operation.function),
                               insertions, removals, looks)};
    }
    if (operation.outcome == Outcome::fail) continue;
    const Extent span = extent_of(history_, operation);
    if (action == Action::look) {
      if (span.pending()) continue;
      if (std::find(empty_.begin(), empty_.end(), operation.result) != empty_.end()) {
        container.empties.push_back(span);
      } else {
        looked = true;
      }
      continue;
    }
    if (action == Action::insert) {
      Element& e = element(operation.argument);
      if (e.in.exists()) read.flaw = ContainerFlaw::duplicates;
      e.in = span;
      continue;
    }
    if (operation.outcome == Outcome::info) {
      container.pending.push_back(span);
    } else if (std::find(empty_.begin(), empty_.end(), operation.result) != empty_.end()) {
      container.empties.push_back(span);
    } else {
      Element& e = element(operation.result);
      if (e.out.exists() && !repeated) {
        repeated = true;
        suspect = e.value;
      }
      if (!e.out.exists()) e.out = span;
    }
  }
  if (looked) read.flaw = ContainerFlaw::looks;
  if (read.flaw != ContainerFlaw::none) return read;
  for (const Element& e : elements) {
    if (!e.in.exists()) {
      read.flaw = ContainerFlaw::fresh;
      suspect = e.value;
      break;
    }
  }
  if (read.flaw == ContainerFlaw::none && repeated) read.flaw = ContainerFlaw::repeated;
  if (read.flaw != ContainerFlaw::none) {
    for (const OpIndex index : operations) {
      const Operation operation = history_[index];
      const bool takes = actions_[operation.function] == Action::remove;
      if (operation.outcome == Outcome::fail || (takes && operation.outcome == Outcome::info)) {
        continue;
      }
      if ((takes ? operation.result : operation.argument) != suspect) continue;
      container.echo.push_back(operation.invoke_event);
    }
    return read;
  }
  // An insertion that never returned and whose value nobody saw can only be in the way.
  std::erase_if(elements, [](const Element& e) { return e.in.pending() && !e.out.exists(); });
  sort_nearly(elements, [](const Element& a, const Element& b) { return a.in.start < b.in.start; });
  sort_nearly(container.empties, starts_earlier);
  sort_nearly(container.pending, starts_earlier);
  if (kind_ == ContainerKind::priority) rank_by_priority(elements);
  return read;
}

void ContainerReader::rank_by_priority(std::vector<Element>& elements) const {
  std::vector<std::pair<std::int64_t, std::uint32_t>> integers;
  integers.reserve(elements.size());
  for (std::uint32_t i = 0; i < elements.size(); ++i) {
    const auto number = integer_of(history_, elements[i].value);
    if (!number.has_value()) break;
    integers.emplace_back(*number, i);
  }
  if (integers.size() == elements.size()) {
    sort_by_instant(integers, [](const auto& pair) { return pair.first; });
    for (std::uint32_t rank = 0; rank < integers.size(); ++rank) {
      elements[integers[rank].second].rank = rank;
    }
    return;
  }
  std::vector<std::pair<Value, std::uint32_t>> values;
  for (std::uint32_t i = 0; i < elements.size(); ++i) {
    values.emplace_back(history_.value(elements[i].value), i);
  }
  std::sort(values.begin(), values.end());
  for (std::uint32_t rank = 0; rank < values.size(); ++rank) {
    elements[values[rank].second].rank = rank;
  }
}

}  // namespace assay
