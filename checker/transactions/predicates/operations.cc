#include "checker/transactions/predicates/operations.h"

#include <fmt/format.h>

#include <map>
#include <string_view>

#include "history/word.h"

namespace assay::predicates {
namespace {

/// Names of objects are compared as text: JSON has no other keys of maps.
std::string name_of_key(const Value& value) {
  const std::string_view word = word_of(value);
  return word.empty() ? to_text(value) : std::string(word);
}

class Reader {
 public:
  explicit Reader(const History& history) : history_(history) {
    world_.real_time = history.info().real_time != RealTime::none;
  }

  Result<ClosedWorld> run() {
    for (OpIndex i = 0; i < history_.size(); ++i) {
      if (auto status = add(history_[i]); !status) return status.error();
    }
    return std::move(world_);
  }

 private:
  Status add(const Operation& operation) {
    const auto interval = history_.interval(operation.index);
    const bool returned = operation.outcome == Outcome::ok;
    Transaction txn{operation.index,
                    operation.invoke_event,
                    interval.start,
                    operation.outcome == Outcome::info ? never : interval.end,
                    static_cast<std::int32_t>(operation.process),
                    operation.outcome,
                    history_.function_name(operation.function) == "init",
                    {}};
    const Value value = history_.value(returned ? operation.result : operation.argument);
    Status status = txn.init ? add_init(txn, value) : add_steps(txn, value, returned);
    if (!status) return status;
    world_.transactions.push_back(std::move(txn));
    return {};
  }

  Status add_init(Transaction& txn, const Value& value) {
    const auto* map = value.get_if<Value::Map>();
    if (map == nullptr) return wrong(txn, "init takes a map of objects to values", value);
    for (const auto& [key, initial] : *map) {
      Step step{Step::Function::write, true, key_of(key), initial, {}, {}};
      txn.steps.push_back(std::move(step));
    }
    return {};
  }

  Status add_steps(Transaction& txn, const Value& value, bool returned) {
    if (value.is_nil()) return {};
    const auto* list = value.get_if<Value::List>();
    if (list == nullptr) return wrong(txn, "a transaction is a list of steps", value);
    for (const Value& part : *list) {
      if (auto status = add_step(txn, part, returned); !status) return status;
    }
    return {};
  }

  Status add_step(Transaction& txn, const Value& part, bool returned) {
    const auto* parts = part.get_if<Value::List>();
    if (parts == nullptr || parts->size() < 2 || parts->size() > 3) {
      return wrong(txn, "a step is [f key value]", part);
    }
    const std::string_view f = word_of((*parts)[0]);
    const Value argument = parts->size() == 3 ? (*parts)[2] : Value();
    if (f == "rp") return add_select(txn, (*parts)[1], argument, returned);
    Step step{Step::Function::read, false, key_of((*parts)[1]), std::nullopt, {}, {}};
    if (f == "delete") {
      step.function = Step::Function::erase;
    } else if (f == "insert" || f == "w" || f == "write") {
      step.function = Step::Function::write;
      step.inserts = f == "insert";
      step.value = argument;
    } else if (f == "r" || f == "read") {
      if (!returned) return {};
      if (!argument.is_nil()) step.value = argument;
    } else {
      return wrong(txn, "steps are r, rp, w, insert and delete", part);
    }
    txn.steps.push_back(std::move(step));
    return {};
  }

  Status add_select(Transaction& txn, const Value& predicate, const Value& found, bool returned) {
    if (!returned) return {};
    const auto* map = found.get_if<Value::Map>();
    if (map == nullptr) return wrong(txn, "a predicate read returns a map of objects", found);
    Step step{Step::Function::select, false, 0, std::nullopt, predicate, {}};
    for (const auto& [key, value] : *map) step.found.emplace_back(key_of(key), value);
    txn.steps.push_back(std::move(step));
    return {};
  }

  Key key_of(const Value& value) {
    const auto [at, fresh] =
        numbers_.emplace(name_of_key(value), static_cast<Key>(world_.keys.size()));
    if (fresh) world_.keys.push_back(value);
    return at->second;
  }

  static Error wrong(const Transaction& txn, const char* expected, const Value& got) {
    std::string text = to_text(got);
    if (text.size() > 80) text = text.substr(0, 77) + "...";
    return {ErrorKind::bad_data, fmt::format("event {}: {}, got {}", txn.event, expected, text)};
  }

  const History& history_;
  ClosedWorld world_;
  std::map<std::string, Key> numbers_;
};

}  // namespace

Result<ClosedWorld> read_closed_world(const History& history) { return Reader(history).run(); }

std::optional<bool> matches(const Value& predicate, const Value& value) {
  if (word_of(predicate) == "true" || predicate == Value(true)) return true;
  const auto* parts = predicate.get_if<Value::List>();
  if (parts == nullptr || parts->size() < 2) return std::nullopt;
  const std::string_view f = word_of((*parts)[0]);
  if (f == "=" && parts->size() == 2) return (*parts)[1] == value;
  if (f != "mod" || parts->size() != 3) return std::nullopt;
  const auto* modulus = (*parts)[1].get_if<std::int64_t>();
  const auto* rest = (*parts)[2].get_if<std::int64_t>();
  const auto* number = value.get_if<std::int64_t>();
  if (modulus == nullptr || rest == nullptr || *modulus <= 0) return std::nullopt;
  if (number == nullptr) return false;
  return ((*number % *modulus) + *modulus) % *modulus == *rest;
}

}  // namespace assay::predicates
