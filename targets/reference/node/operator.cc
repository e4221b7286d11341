#include "targets/reference/node/operator.h"

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>

#include "base/random.h"
#include "targets/reference/connection.h"
#include "targets/reference/protocols/client_message.h"

namespace assay::reference {
namespace {

constexpr Nanos status_timeout = std::chrono::milliseconds(300);
constexpr Nanos change_timeout = std::chrono::seconds(3);
constexpr Nanos between_attempts = std::chrono::milliseconds(200);

/// The first answer of that type to a message, on a connection of its own.
template <class Answer>
std::optional<Answer> ask(const Endpoint& member, const ClientMessage& message, Nanos timeout) {
  const Nanos deadline = monotonic_now() + timeout;
  Connection connection;
  std::string payload;
  encode(message, payload);
  if (connection.open({member.host, member.port}, deadline) != Connection::Failure::none ||
      connection.send(payload, deadline) != Connection::Failure::none ||
      connection.receive(payload, deadline) != Connection::Failure::none) {
    return std::nullopt;
  }
  auto answer = decode_client_message(payload);
  if (!answer || !std::holds_alternative<Answer>(*answer)) return std::nullopt;
  return std::get<Answer>(std::move(*answer));
}

/// What the leader of the latest term says of the cluster.
std::optional<StatusReport> ask_leader(const NodeOptions& options) {
  std::optional<StatusReport> latest;
  for (const auto& [id, endpoint] : options.members) {
    auto report = ask<StatusReport>(endpoint, StatusRequest{}, status_timeout);
    if (!report || report->role != Role::leader) continue;
    if (!latest || report->term > latest->term) latest = std::move(report);
  }
  return latest;
}

}  // namespace

Result<std::vector<NodeId>> change_members(const NodeOptions& options, Change change,
                                           Nanos patience) {
  const Nanos deadline = monotonic_now() + patience;
  Random random(random_seed());
  Command command;
  command.kind = CommandKind::reconfigure;
  command.id = {random.next() | 1U, 0};
  std::string last = "no member leads";
  for (; monotonic_now() < deadline; std::this_thread::sleep_for(between_attempts)) {
    const auto leader = ask_leader(options);
    if (!leader) continue;
    if (leader->members.empty()) {
      return Error{ErrorKind::usage,
                   "the members of protocol " + leader->protocol + " never change"};
    }
    std::vector<NodeId> others = leader->members;
    std::erase(others, options.id);
    std::vector<NodeId> wanted = others;
    if (change == Change::join) wanted.push_back(options.id);
    Datum::List list;
    for (const NodeId member : wanted) list.emplace_back(static_cast<std::int64_t>(member));
    command.value = std::move(list);
    ++command.id.sequence;
    // Asked for even if it is so already: only the answer says that it is committed.
    const auto reply = ask<Reply>(options.members.at(leader->self), command, change_timeout);
    if (reply && reply->outcome == Outcome::ok) return others;
    last = reply ? "the leader refused, for now" : "the leader did not answer";
  }
  return Error{ErrorKind::unavailable,
               "no agreement within " + format_duration(patience) + ": " + last};
}

}  // namespace assay::reference
