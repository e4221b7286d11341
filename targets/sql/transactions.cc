// Transactions of SqlClient.
#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <optional>
#include <utility>

#include "targets/completions.h"
#include "targets/sql/chance.h"
#include "targets/sql/client.h"
#include "targets/sql/columns.h"
#include "targets/sql/objects.h"

namespace assay::sql {
namespace {

bool only_reads(const Value& step) {
  const Value& f = (*step.get_if<Value::List>())[0];
  return f == Value("r") || f == Value("rp");
}

Completion rolled_back() { return {EventType::fail, {}, "rolled back, as --aborts asks"}; }

}  // namespace

Completion SqlClient::give_up(Connection& at, const Answer& answer, Nanos deadline) {
  roll_back(at, deadline);
  return classify(answer, Moment::working, settings_.dialect->errors);
}

void SqlClient::roll_back(Connection& at, Nanos deadline) {
  if (at.is_open() && at.execute("ROLLBACK", deadline).ok()) return;
  for (auto& kept : sessions_) {
    if (kept.get() == &at) kept.reset();
  }
}

Answer SqlClient::perform_step(Connection& at, Value& step, bool locks, Nanos deadline) {
  if (settings_.datatype == "closed-predicate") {
    Answer answer = at.execute(object_statement(step, locks), deadline);
    if (answer.ok()) note_answer(step, answer);
    return answer;
  }
  auto& words = *step.get_if<Value::List>();
  const std::string& f = *words[0].get_if<std::string>();
  const Statements sql(*settings_.dialect, settings_.layout, *to_column(words[1]));
  const bool lists = settings_.datatype == "list-append";
  if (f == "r") {
    Answer answer = at.execute(lists ? sql.read_list(locks) : sql.read_register(locks), deadline);
    if (answer.ok()) words[2] = lists ? list_value(answer) : register_value(answer);
    return answer;
  }
  const std::string value = *to_column(words[2]);
  if (!lists) return write_row(at, sql.write_register(value), deadline);
  if (!settings_.rewrite) return write_row(at, sql.append(value), deadline);
  Answer answer = at.execute(sql.read_list(locks), deadline);
  if (!answer.ok()) return answer;
  std::string whole = answer.rows.empty() ? "" : answer.rows[0][0].value_or("");
  whole += (whole.empty() ? "" : ",") + value;
  return write_row(at, sql.write_list(whole), deadline);
}

Answer SqlClient::write_row(Connection& at, const Statements::Attempts& attempts, Nanos deadline) {
  Answer answer;
  for (const std::string& statement : attempts) {
    answer = at.execute(statement, deadline);
    if (!answer.ok() || answer.affected > 0) break;
  }
  return answer;
}

Answer SqlClient::undo_in_savepoint(Connection& at, bool locks, Nanos deadline) {
  Answer answer = at.execute("SAVEPOINT assay", deadline);
  for (const Value& step : undone_) {
    // After an error there may be no transaction any more, so nothing is saved.
    if (!answer.ok()) return answer;
    Value again = step;
    answer = perform_step(at, again, locks, deadline);
  }
  return answer.ok() ? at.execute("ROLLBACK TO SAVEPOINT assay", deadline) : answer;
}

Answer SqlClient::begin(Connection& at, bool writes, Nanos deadline) {
  Answer answer;
  for (const std::string& statement :
       begin_statements(*settings_.dialect, writes ? settings_.isolation : settings_.read_isolation,
                        settings_.declares_reads && !writes)) {
    answer = at.execute(statement, deadline);
    if (!answer.ok()) break;
  }
  return answer;
}

Completion SqlClient::commit(Connection& at, bool writes, Value result, Nanos deadline) {
  const Answer answer = at.execute("COMMIT", deadline);
  if (!at.is_open()) sessions_[writes ? 0 : 1].reset();
  if (answer.ok()) return done(std::move(result));
  return classify(answer, writes ? Moment::effect : Moment::reading, settings_.dialect->errors);
}

Completion SqlClient::transact(const Invocation& invocation, Nanos deadline) {
  const auto* given = invocation.value.get_if<Value::List>();
  const bool objects = settings_.datatype == "closed-predicate";
  if (given == nullptr || !(objects ? are_object_steps(*given) : are_steps(*given))) {
    return unsupported();
  }
  Value::List steps = *given;
  const bool writes = !std::all_of(steps.begin(), steps.end(), only_reads);
  const bool locks = settings_.locking && writes;
  const std::string text = to_text(invocation.value);
  const bool aborts = is_chosen(settings_.aborts, text);
  const bool saves =
      writes && !undone_.empty() && is_chosen(settings_.savepoints, "savepoint " + text);
  Answer answer;
  Connection* at = session(!writes, deadline, answer);
  if (at == nullptr) return classify(answer, Moment::working, settings_.dialect->errors);
  const bool one_statement = !writes || (!settings_.rewrite && !settings_.layout.has_alias());
  if (steps.size() == 1 && one_statement && !aborts && !saves) {
    answer = perform_step(*at, steps[0], locks, deadline);
    if (!at->is_open()) sessions_[writes ? 0 : 1].reset();
    if (answer.ok()) return done(std::move(steps));
    return classify(answer, writes ? Moment::effect : Moment::reading, settings_.dialect->errors);
  }
  answer = begin(*at, writes, deadline);
  if (!answer.ok()) return give_up(*at, answer, deadline);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (saves && i == steps.size() / 2) {
      answer = undo_in_savepoint(*at, locks, deadline);
      if (!answer.ok()) return give_up(*at, answer, deadline);
    }
    answer = perform_step(*at, steps[i], locks, deadline);
    if (!answer.ok()) return give_up(*at, answer, deadline);
  }
  if (!aborts) return commit(*at, writes, std::move(steps), deadline);
  roll_back(*at, deadline);
  undone_.clear();
  std::copy_if(given->begin(), given->end(), std::back_inserter(undone_), std::not_fn(only_reads));
  return rolled_back();
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
  answer = begin(*at, true, deadline);
  if (!answer.ok()) return give_up(*at, answer, deadline);
  std::array<std::int64_t, 2> balances{};
  for (const bool second : {false, true}) {
    answer = at->execute(read_account(second ? *to : *from, settings_.locking), deadline);
    if (!answer.ok()) return give_up(*at, answer, deadline);
    const auto balance = account_balance(answer);
    if (!balance || (!second && *balance < *amount)) {
      roll_back(*at, deadline);
      return unmet();
    }
    balances[second ? 1 : 0] = *balance;
  }
  for (const bool second : {false, true}) {
    const std::int64_t after = balances[second ? 1 : 0] + (second ? *amount : -*amount);
    answer = at->execute(write_account(second ? *to : *from, after), deadline);
    if (!answer.ok()) return give_up(*at, answer, deadline);
  }
  return commit(*at, true, invocation.value, deadline);
}

}  // namespace assay::sql
