#include "targets/reference/operations.h"

#include <string>
#include <variant>

#include "targets/reference/errors.h"

namespace assay::reference {

std::optional<Command> to_command(const Invocation& invocation) {
  Command command;
  if (invocation.key) {
    const auto key = to_datum(*invocation.key);
    if (!key) return std::nullopt;
    command.key = *key;
  }
  if (invocation.f == "read") {
    command.kind = CommandKind::read;
    return command;
  }
  if (invocation.f == "write") {
    command.kind = CommandKind::write;
    const auto value = to_datum(invocation.value);
    if (!value) return std::nullopt;
    command.value = *value;
    return command;
  }
  const auto* pair = invocation.value.get_if<Value::List>();
  if (invocation.f != "cas" || pair == nullptr || pair->size() != 2) return std::nullopt;
  command.kind = CommandKind::cas;
  const auto expected = to_datum((*pair)[0]);
  const auto value = to_datum((*pair)[1]);
  if (!expected || !value) return std::nullopt;
  command.expected = *expected;
  command.value = *value;
  return command;
}

std::optional<Datum> to_datum(const Value& value) {
  std::optional<Datum> datum;
  const auto* text = value.get_if<std::string>();
  if (value.is_nil()) {
    datum.emplace();
  } else if (const auto* number = value.get_if<std::int64_t>()) {
    datum.emplace(*number);
  } else if (text != nullptr && text->size() <= datum_bytes_max) {
    datum.emplace(*text);
  }
  return datum;
}

Value to_value(const Datum& datum) {
  if (const auto* number = std::get_if<std::int64_t>(&datum)) return *number;
  if (const auto* text = std::get_if<std::string>(&datum)) return *text;
  return {};
}

Completion to_completion(const Invocation& invocation, const Command& command, const Reply& reply) {
  const bool is_read = command.kind == CommandKind::read;
  if (reply.outcome != Outcome::ok) return classify(error_of(reply.outcome), !is_read);
  return {EventType::ok, is_read ? to_value(reply.value) : invocation.value, {}};
}

}  // namespace assay::reference
