#include "targets/reference/client.h"

#include <string>
#include <utility>
#include <variant>

#include "targets/completions.h"
#include "targets/reference/errors.h"
#include "targets/reference/operations.h"
#include "targets/reference/protocols/commands.h"

namespace assay::reference {
ReferenceClient::ReferenceClient(Address address, std::uint64_t identity)
    : address_(std::move(address)), identity_(identity) {}

Completion ReferenceClient::invoke(const Invocation& invocation, Nanos timeout) {
  const Nanos start = monotonic_now();
  auto command = to_command(invocation);
  if (!command) return classify(ClientError::unsupported, false);
  command->id = {identity_, ++sequence_};
  auto completion = attempt(invocation, *command, start + timeout);
  pause_after_failure(completion, start, timeout);
  return completion;
}

Completion ReferenceClient::attempt(const Invocation& invocation, const Command& command,
                                    Nanos deadline) {
  const bool has_effect = mutates(command);
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
    return to_completion(invocation, command, *reply);
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
