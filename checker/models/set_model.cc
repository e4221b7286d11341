#include "checker/models/set_model.h"

#include <fmt/format.h>

namespace assay {

std::uint32_t SetModel::number(const Value& value) {
  const auto [at, is_new] = numbers_.emplace(value, static_cast<std::uint32_t>(values_.size()));
  if (is_new) values_.push_back(&at->first);
  return at->second;
}

Result<std::optional<SetOp>> SetModel::decode(const Operation& operation) {
  const auto name = history_.function_name(operation.function);
  const bool returned = operation.outcome == Outcome::ok;
  Op op{SetFunction::add, -1, 0, {}};
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorKind::bad_data, fmt::format("event {}: {}", operation.invoke_event, what)};
  };
  if (name == "read") {
    op.function = SetFunction::read;
    if (!returned || operation.result == nil_value) return std::optional<Op>();
    const Value result = history_.value(operation.result);
    const auto* set = result.get_if<Value::Set>();
    const Value::List* list = set != nullptr ? &set->elements : result.get_if<Value::List>();
    if (list == nullptr) return wrong("a read of a set must return a list or set");
    for (const Value& element : *list) op.elements.push_back(number(element));
    std::sort(op.elements.begin(), op.elements.end());
    return std::optional(std::move(op));
  }
  if (name != "add" && name != "remove" && name != "contains") {
    return wrong(fmt::format("a set has no function '{}'", name));
  }
  if (name == "remove") op.function = SetFunction::remove;
  if (name == "contains") op.function = SetFunction::contains;
  const Value argument = history_.value(operation.argument);
  const Value result = history_.value(operation.result);
  op.element = number(argument);
  const auto* told = argument.is<bool>() && name != "contains" ? nullptr : result.get_if<bool>();
  if (returned && told != nullptr) op.told = *told ? 1 : 0;
  if (name == "contains" && op.told < 0) return std::optional<Op>();
  return std::optional(std::move(op));
}

std::optional<SetModel::State> SetModel::step(const State& state, const Op& op) const {
  if (op.function == SetFunction::read) {
    return op.elements == state ? std::optional(state) : std::nullopt;
  }
  const auto at = std::lower_bound(state.begin(), state.end(), op.element);
  const bool present = at != state.end() && *at == op.element;
  const bool adds = op.function == SetFunction::add;
  const bool yes = op.function == SetFunction::contains ? present : present != adds;
  if (op.told >= 0 && (op.told == 1) != yes) return std::nullopt;
  if (op.function == SetFunction::contains || present == adds) return state;
  State next = state;
  const auto position = next.begin() + (at - state.begin());
  if (adds) {
    next.insert(position, op.element);
  } else {
    next.erase(position);
  }
  return next;
}

std::string SetModel::words(const Op& op) const {
  if (op.function == SetFunction::read) {
    std::string text;
    for (const std::uint32_t element : op.elements) text += " " + to_text(*values_[element]);
    return fmt::format("read [{}]", text.empty() ? text : text.substr(1));
  }
  const std::string element = to_text(*values_[op.element]);
  const std::string_view told = op.told < 0 ? "" : op.told == 1 ? " (true)" : " (false)";
  if (op.function == SetFunction::contains) return fmt::format("asked for {}{}", element, told);
  return fmt::format("{} {}{}", op.function == SetFunction::add ? "added" : "removed", element,
                     told);
}

}  // namespace assay
