#include "targets/reference/client.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "targets/reference/errors.h"

namespace assay::reference {
namespace {

constexpr Nanos failure_pause = std::chrono::milliseconds(100);

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

}  // namespace

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

ReferenceClient::ReferenceClient(Address address, std::uint64_t identity)
    : address_(std::move(address)), identity_(identity) {}

Completion ReferenceClient::invoke(const Invocation& invocation, Nanos timeout) {
  const Nanos start = monotonic_now();
  auto command = to_command(invocation);
  if (!command) return classify(ClientError::unsupported, false);
  command->id = {identity_, ++sequence_};
  auto completion = attempt(*command, start + timeout);
  if (completion.type == EventType::ok) {
    if (command->kind != CommandKind::read) completion.value = invocation.value;
  } else if (completion.error != "cas mismatch") {
    const Nanos until = start + std::min(failure_pause, timeout);
    if (const Nanos now = monotonic_now(); now < until) std::this_thread::sleep_for(until - now);
  }
  return completion;
}

Completion ReferenceClient::attempt(const Command& command, Nanos deadline) {
  const bool has_effect = command.kind != CommandKind::read;
  const auto end = [&](ClientError error) {
    connection_.close();
    return classify(error, has_effect);
  };
  // A connection that broke while idle must not put the next write in doubt.
  if (!connection_.is_alive()) {
    const auto failure = connection_.open(address_, deadline);
    if (failure == Connection::Failure::timed_out) return end(ClientError::connect_timed_out);
    if (failure != Connection::Failure::none) return end(ClientError::connect_refused);
  }
  std::string payload;
  encode(ClientMessage(command), payload);
  auto failure = connection_.send(payload, deadline);
  while (failure == Connection::Failure::none) {
    failure = connection_.receive(payload, deadline);
    if (failure != Connection::Failure::none) break;
    const auto message = decode_client_message(payload);
    const auto* reply = message ? std::get_if<Reply>(&*message) : nullptr;
    if (reply == nullptr) return end(ClientError::malformed_reply);
    if (reply->id != command.id) continue;
    if (reply->outcome == Outcome::ok) return {EventType::ok, to_value(reply->value), {}};
    return classify(error_of(reply->outcome), has_effect);
  }
  return end(failure == Connection::Failure::timed_out ? ClientError::timed_out
                                                       : ClientError::connection_lost);
}

Result<StatusReport> query_status(const Address& address, Nanos timeout) {
  const Nanos deadline = monotonic_now() + timeout;
  const Error unavailable{ErrorKind::unavailable, "no status from assay-node at " + address.host +
                                                      ":" + std::to_string(address.port)};
  Connection connection;
  std::string payload;
  encode(ClientMessage(StatusRequest{}), payload);
  if (connection.open(address, deadline) != Connection::Failure::none ||
      connection.send(payload, deadline) != Connection::Failure::none ||
      connection.receive(payload, deadline) != Connection::Failure::none) {
    return unavailable;
  }
  auto message = decode_client_message(payload);
  if (!message || !std::holds_alternative<StatusReport>(*message)) return unavailable;
  return std::get<StatusReport>(std::move(*message));
}

}  // namespace assay::reference
