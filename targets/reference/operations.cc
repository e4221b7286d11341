#include "targets/reference/operations.h"

#include <string>
#include <utility>

#include "targets/reference/errors.h"
#include "targets/reference/protocols/commands.h"

namespace assay::reference {
namespace {

std::optional<Datum> datum_of(const Value& value, int depth) {
  if (depth > datum_depth_max) return std::nullopt;
  if (value.is_nil()) return Datum();
  if (const auto* truth = value.get_if<bool>()) return Datum(*truth);
  if (const auto* number = value.get_if<std::int64_t>()) return Datum(*number);
  if (const auto* text = value.get_if<std::string>()) {
    return text->size() <= datum_bytes_max ? std::optional(Datum(*text)) : std::nullopt;
  }
  if (const auto* list = value.get_if<Value::List>()) {
    Datum::List data;
    for (const Value& element : *list) {
      auto datum = datum_of(element, depth + 1);
      if (!datum) return std::nullopt;
      data.push_back(std::move(*datum));
    }
    return Datum(std::move(data));
  }
  const auto* map = value.get_if<Value::Map>();
  if (map == nullptr) return std::nullopt;
  Datum::Map data;
  for (const auto& [key, element] : *map) {
    auto name = datum_of(key, depth + 1);
    auto datum = datum_of(element, depth + 1);
    if (!name || !datum) return std::nullopt;
    data.emplace_back(std::move(*name), std::move(*datum));
  }
  return Datum(std::move(data));
}

/// Lays the argument into the command. False: it has another shape.
bool lay(Argument argument, const Value& value, Command& command) {
  if (argument == Argument::none) return true;
  auto datum = datum_of(value, 0);
  if (!datum) return false;
  if (argument == Argument::pair) {
    auto* pair = datum->get_if<Datum::List>();
    if (pair == nullptr || pair->size() != 2) return false;
    command.expected = std::move(pair->front());
    command.value = std::move(pair->back());
    return true;
  }
  command.value = std::move(*datum);
  return true;
}

}  // namespace

std::optional<Command> to_command(const Invocation& invocation) {
  const CommandEntry* entry = find_command(invocation.f);
  if (entry == nullptr) return std::nullopt;
  Command command;
  command.kind = entry->kind;
  if (invocation.key) {
    auto key = to_datum(*invocation.key);
    if (!key) return std::nullopt;
    command.key = std::move(*key);
  }
  if (!lay(entry->argument, invocation.value, command)) return std::nullopt;
  Command numbered = command;
  numbered.id = {1, 1};
  if (!is_well_formed(numbered)) return std::nullopt;
  return command;
}

std::optional<Datum> to_datum(const Value& value) { return datum_of(value, 0); }

Value to_value(const Datum& datum) {
  if (const auto* truth = datum.get_if<bool>()) return *truth;
  if (const auto* number = datum.get_if<std::int64_t>()) return *number;
  if (const auto* text = datum.get_if<std::string>()) return *text;
  if (const auto* list = datum.get_if<Datum::List>()) {
    Value::List values;
    for (const Datum& element : *list) values.push_back(to_value(element));
    return values;
  }
  if (const auto* map = datum.get_if<Datum::Map>()) {
    Value::Map values;
    for (const auto& [key, element] : *map) values.emplace_back(to_value(key), to_value(element));
    return values;
  }
  return {};
}

Completion to_completion(const Invocation& invocation, const Command& command, const Reply& reply) {
  if (reply.outcome != Outcome::ok) return classify(error_of(reply.outcome), mutates(command));
  const CommandEntry* entry = entry_of(command.kind);
  const bool returns = entry != nullptr && entry->returns;
  return {EventType::ok, returns ? to_value(reply.value) : invocation.value, {}};
}

}  // namespace assay::reference
