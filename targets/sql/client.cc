#include "targets/sql/client.h"

#include <array>
#include <optional>
#include <utility>

#include "targets/completions.h"
#include "targets/sql/columns.h"
#include "targets/sql/objects.h"

namespace assay::sql {
namespace {

constexpr std::array function_rows{
    FunctionRow{"read", "register"},
    FunctionRow{"write", "register"},
    FunctionRow{"cas", "register"},
    FunctionRow{"read", "set"},
    FunctionRow{"add", "set"},
    FunctionRow{"read", "counter"},
    FunctionRow{"increment", "counter"},
    FunctionRow{"read", "bank"},
    FunctionRow{"transfer", "bank"},
    FunctionRow{"cas", "bank"},
    FunctionRow{"txn", "list-append"},
    FunctionRow{"txn", "rw-register"},
    FunctionRow{"txn", "closed-predicate"},
    FunctionRow{"init", "closed-predicate"},
};

}  // namespace

Functions functions() { return function_rows; }

SqlClient::SqlClient(ClientSettings settings, Route route)
    : settings_(std::move(settings)), route_(std::move(route)) {}

Completion SqlClient::invoke(const Invocation& invocation, Nanos timeout) {
  const Nanos start = monotonic_now();
  Completion completion = attempt(invocation, start + timeout);
  // While there is a session, a transaction that failed had a conflict, and may be tried at once.
  if (!sessions_[0] && !sessions_[1]) pause_after_failure(completion, start, timeout);
  return completion;
}

Connection* SqlClient::session(bool read_only, Nanos deadline, Answer& answer) {
  auto& kept = sessions_[read_only ? 1 : 0];
  auto& login = logins_[read_only ? 1 : 0];
  Login wanted = route_(read_only);
  if (kept && kept->is_open() && login.host == wanted.host && login.port == wanted.port) {
    return kept.get();
  }
  kept.reset();
  login = std::move(wanted);
  auto opened = settings_.dialect->open(login, deadline);
  answer = std::move(opened.answer);
  if (answer.ok()) {
    const Isolation level = read_only ? settings_.read_isolation : settings_.isolation;
    answer = opened.connection->execute(
        std::string(settings_.dialect->session) + std::string(name_of(level)), deadline);
  }
  // Whatever the server says of a login, the operation was not sent.
  if (!answer.ok()) {
    answer.kind = Answer::Kind::unconnected;
    return nullptr;
  }
  kept = std::move(opened.connection);
  return kept.get();
}

Completion SqlClient::single(const std::string& statement, bool writes, Nanos deadline,
                             const std::function<Completion(const Answer&)>& read) {
  Answer answer;
  const Moment moment = writes ? Moment::effect : Moment::reading;
  Connection* at = session(!writes, deadline, answer);
  if (at == nullptr) return classify(answer, moment, settings_.dialect->errors);
  answer = at->execute(statement, deadline);
  if (!answer.ok()) {
    if (!at->is_open()) sessions_[writes ? 0 : 1].reset();
    return classify(answer, moment, settings_.dialect->errors);
  }
  return read(answer);
}

Completion SqlClient::attempt(const Invocation& invocation, Nanos deadline) {
  const std::string& f = invocation.f;
  if (f == "txn") return transact(invocation, deadline);
  if (f == "transfer") return transfer(invocation, deadline);
  if (f == "init") {
    const auto statement = insert_objects(invocation.value);
    if (!statement) return unsupported();
    return single(*statement, true, deadline,
                  [&](const Answer&) { return done(invocation.value); });
  }
  const auto id = to_column(invocation.key.value_or(Value("")));
  if (!id) return unsupported();
  const Statements sql(*settings_.dialect, settings_.layout, *id);
  const std::string& datatype = settings_.datatype;
  if (f == "read") {
    const auto statement = sql.read(datatype);
    if (!statement) return unsupported();
    return single(*statement, false, deadline,
                  [&](const Answer& answer) { return done(read_value(datatype, answer)); });
  }
  const auto statement = sql.write(f, invocation.value);
  if (!statement) return unsupported();
  const bool conditional = f == "cas" && datatype == "register";
  return single(*statement, true, deadline, [&](const Answer& answer) {
    return conditional && answer.affected == 0 ? unmet() : done(invocation.value);
  });
}

}  // namespace assay::sql
