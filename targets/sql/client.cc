#include "targets/sql/client.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "targets/completions.h"
#include "targets/sql/columns.h"

namespace assay::sql {
namespace {

constexpr std::array function_rows{
    FunctionRow{"read", "register"},     FunctionRow{"write", "register"},
    FunctionRow{"cas", "register"},      FunctionRow{"read", "set"},
    FunctionRow{"add", "set"},           FunctionRow{"read", "counter"},
    FunctionRow{"increment", "counter"}, FunctionRow{"read", "bank"},
    FunctionRow{"transfer", "bank"},     FunctionRow{"cas", "bank"},
    FunctionRow{"txn", "list-append"},   FunctionRow{"txn", "rw-register"},
};

bool writes_any(const Value::List& steps) {
  return std::any_of(steps.begin(), steps.end(), [](const Value& step) {
    const auto* words = step.get_if<Value::List>();
    return words == nullptr || words->empty() || !(words->front() == Value("r"));
  });
}

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
  const auto id = to_column(invocation.key.value_or(Value("")));
  if (!id) return unsupported();
  const Statements sql(*settings_.dialect, quoted(*id));
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

Completion SqlClient::give_up(Connection& at, const Answer& answer, Nanos deadline) {
  const bool rolled_back = at.is_open() && at.execute("ROLLBACK", deadline).ok();
  if (!rolled_back) {
    for (auto& kept : sessions_) {
      if (kept.get() == &at) kept.reset();
    }
  }
  return classify(answer, Moment::working, settings_.dialect->errors);
}

Answer SqlClient::perform_step(Connection& at, Value& step, bool transaction_writes,
                               Nanos deadline) {
  auto& words = *step.get_if<Value::List>();
  const std::string& f = *words[0].get_if<std::string>();
  const Statements sql(*settings_.dialect, quoted(*to_column(words[1])));
  const bool lists = settings_.datatype == "list-append";
  const bool locks = settings_.locking && transaction_writes;
  if (f == "r") {
    Answer answer = at.execute(lists ? sql.read_list(locks) : sql.read_register(locks), deadline);
    if (answer.ok()) words[2] = lists ? list_value(answer) : register_value(answer);
    return answer;
  }
  const std::string value = *to_column(words[2]);
  if (!lists) return at.execute(sql.write_register(quoted(value)), deadline);
  if (!settings_.rewrite) return at.execute(sql.append(value), deadline);
  Answer answer = at.execute(sql.read_list(locks), deadline);
  if (!answer.ok()) return answer;
  std::string whole = answer.rows.empty() ? "" : answer.rows[0][0].value_or("");
  whole += (whole.empty() ? "" : ",") + value;
  return at.execute(sql.write_list(whole), deadline);
}

Completion SqlClient::transact(const Invocation& invocation, Nanos deadline) {
  const auto* given = invocation.value.get_if<Value::List>();
  if (given == nullptr || !are_steps(*given)) return unsupported();
  Value::List steps = *given;
  const bool writes = writes_any(steps);
  Answer answer;
  Connection* at = session(!writes, deadline, answer);
  if (at == nullptr) return classify(answer, Moment::working, settings_.dialect->errors);
  const bool alone = steps.size() == 1 && !(settings_.rewrite && writes);
  if (alone) {
    answer = perform_step(*at, steps[0], writes, deadline);
    if (!at->is_open()) sessions_[writes ? 0 : 1].reset();
    if (answer.ok()) return done(std::move(steps));
    return classify(answer, writes ? Moment::effect : Moment::reading, settings_.dialect->errors);
  }
  for (const std::string& statement :
       begin_statements(*settings_.dialect, writes ? settings_.isolation : settings_.read_isolation,
                        settings_.declares_reads && !writes)) {
    answer = at->execute(statement, deadline);
    if (!answer.ok()) return give_up(*at, answer, deadline);
  }
  for (Value& step : steps) {
    answer = perform_step(*at, step, writes, deadline);
    if (!answer.ok()) return give_up(*at, answer, deadline);
  }
  answer = at->execute("COMMIT", deadline);
  if (!at->is_open()) sessions_[writes ? 0 : 1].reset();
  if (answer.ok()) return done(std::move(steps));
  return classify(answer, writes ? Moment::effect : Moment::reading, settings_.dialect->errors);
}

Completion SqlClient::transfer(const Invocation& invocation, Nanos deadline) {
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const Value* value = find(invocation.value, name);
    const auto* whole = value == nullptr ? nullptr : value->get_if<std::int64_t>();
    return whole == nullptr ? std::nullopt : std::optional(*whole);
  };
  const auto from = number("from");
  const auto to = number("to");
  const auto amount = number("amount");
  if (!from || !to || !amount) return unsupported();
  Answer answer;
  Connection* at = session(false, deadline, answer);
  if (at == nullptr) return classify(answer, Moment::working, settings_.dialect->errors);
  for (const std::string& statement :
       begin_statements(*settings_.dialect, settings_.isolation, false)) {
    answer = at->execute(statement, deadline);
    if (!answer.ok()) return give_up(*at, answer, deadline);
  }
  std::array<std::int64_t, 2> balances{};
  for (const bool second : {false, true}) {
    answer = at->execute(read_account(second ? *to : *from, settings_.locking), deadline);
    if (!answer.ok()) return give_up(*at, answer, deadline);
    const auto balance = account_balance(answer);
    if (!balance || (!second && *balance < *amount)) {
      static_cast<void>(give_up(*at, answer, deadline));
      return unmet();
    }
    balances[second ? 1 : 0] = *balance;
  }
  for (const bool second : {false, true}) {
    const std::int64_t after = balances[second ? 1 : 0] + (second ? *amount : -*amount);
    answer = at->execute(write_account(second ? *to : *from, after), deadline);
    if (!answer.ok()) return give_up(*at, answer, deadline);
  }
  answer = at->execute("COMMIT", deadline);
  if (!at->is_open()) sessions_[0].reset();
  if (answer.ok()) return done(invocation.value);
  return classify(answer, Moment::effect, settings_.dialect->errors);
}

}  // namespace assay::sql
