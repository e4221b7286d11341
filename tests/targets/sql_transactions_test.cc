// What clients of SQL say of savepoints, rows that are found by a predicate or by another column,
// and of several tables.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

#include "targets/sql/chance.h"
#include "targets/sql/objects.h"
#include "tests/targets/scripted_sql.h"

namespace assay::sql {
namespace {

using Statements = std::vector<std::string>;

bool asked(const std::string& part) {
  return std::any_of(
      Scripted::asked.begin(), Scripted::asked.end(),
      [&](const std::string& statement) { return statement.find(part) != std::string::npos; });
}

Answer wrote(std::uint64_t rows) {
  Answer answer = ok();
  answer.affected = rows;
  return answer;
}

TEST_CASE("sql: a share of transactions is rolled back, and fails whatever the answer") {
  const Value append = Value::List{"append", 1, 5};
  ClientSettings settings;
  settings.aborts = 1;
  for (const bool answered : {true, false}) {
    ScriptedClient client("list-append", settings);
    const Completion completion =
        client.ask(txn({append}), {ok(), wrote(1), answered ? ok() : Answer()});
    CHECK(completion.type == EventType::fail);
    REQUIRE(Scripted::asked.size() == 3);
    CHECK(Scripted::asked.back() == "ROLLBACK");
    CHECK_FALSE(asked("COMMIT"));
  }
}

TEST_CASE("sql: what was rolled back is done again under a savepoint of a later transaction") {
  ClientSettings settings;
  settings.savepoints = 1;
  settings.aborts = 0.5;
  ScriptedClient client("rw-register", settings);
  const auto writes = [](std::int64_t value) {
    return txn({Value::List{"r", 1, {}}, Value::List{"w", 2, value}});
  };
  std::int64_t value = 0;
  while (!is_chosen(settings.aborts, to_text(writes(value).value))) ++value;
  CHECK(client.ask(writes(value)).type == EventType::fail);
  const std::int64_t aborted = value;
  while (is_chosen(settings.aborts, to_text(writes(value).value))) ++value;
  const Completion completion = client.ask(writes(value));
  CHECK(completion.type == EventType::ok);
  CHECK(completion.value ==
        Value(Value::List{Value::List{"r", 1, {}}, Value::List{"w", 2, value}}));
  REQUIRE(Scripted::asked.size() == 7);
  CHECK(Scripted::asked[2] == "SAVEPOINT assay");
  CHECK(Scripted::asked[3].find('\'' + std::to_string(aborted) + '\'') != std::string::npos);
  CHECK(Scripted::asked[4] == "ROLLBACK TO SAVEPOINT assay");
  CHECK(Scripted::asked[5].find('\'' + std::to_string(value) + '\'') != std::string::npos);
  CHECK(Scripted::asked[6] == "COMMIT");
  // After an error under the savepoint there may be no transaction: nothing is committed.
  const Completion refusal = client.ask(writes(value), {ok(), ok(), ok(), refused("40001"), ok()});
  CHECK(refusal.type == EventType::fail);
  CHECK(Scripted::asked.back() == "ROLLBACK");
  CHECK_FALSE(asked("COMMIT"));
}

TEST_CASE("sql: a choice is that of the text alone, in about the share that was asked for") {
  int chosen = 0;
  for (int i = 0; i < 10'000; ++i) chosen += is_chosen(0.3, std::to_string(i)) ? 1 : 0;
  CHECK(chosen > 2'800);
  CHECK(chosen < 3'200);
  CHECK_FALSE(is_chosen(0, "a"));
  CHECK(is_chosen(1, "a"));
}

TEST_CASE("sql: steps over rows that are found by a predicate") {
  const auto statement = [](const Value& step) { return object_statement(step, false); };
  const Value by_group = Value::List{"rp", Value::List{"=", 3}, {}};
  CHECK(statement(by_group) == "SELECT id, val FROM assay.objects WHERE val = 3");
  CHECK(statement(Value::List{"rp", Value::List{"mod", 3, 1}, {}}).find("MOD(val, 3)") !=
        std::string::npos);
  CHECK(statement(Value::List{"rp", "true", {}}).ends_with("WHERE TRUE"));
  CHECK(statement(Value::List{"w", 1, 4}) == "UPDATE assay.objects SET val = 4 WHERE id = '1'");
  CHECK(object_statement(by_group, true).ends_with(" FOR UPDATE"));
  for (const Value& bad :
       {Value(Value::List{"rp", Value::List{"=", "1); DROP"}, {}}),
        Value(Value::List{"rp", Value::List{"mod", 0, 1}, {}}),
        Value(Value::List{"rp", "else", {}}), Value(Value::List{"insert", 1, "x"}),
        Value(Value::List{"delete"}), Value(3)}) {
    CAPTURE(to_text(bad));
    CHECK_FALSE(are_object_steps({bad}));
  }
  ScriptedClient client("closed-predicate");
  Completion completion = client.ask(txn({by_group, Value::List{"insert", 7, 3}}),
                                     {ok(), ok({{"4", "3"}, {"5", "3"}}), wrote(1), ok()});
  CHECK(completion.type == EventType::ok);
  CHECK(to_text(completion.value) ==
        to_text(Value::List{Value::List{"rp", Value::List{"=", 3}, Value::Map{{4, 3}, {5, 3}}},
                            Value::List{"insert", 7, 3}}));
}

TEST_CASE("sql: a change that found no row is a read of nothing") {
  ScriptedClient client("closed-predicate");
  const Completion completion =
      client.ask(txn({Value::List{"w", 1, 4}, Value::List{"delete", 2}, Value::List{"delete", 3}}),
                 {ok(), wrote(0), wrote(0), wrote(1), ok()});
  CHECK(completion.value == Value(Value::List{Value::List{"r", 1, {}}, Value::List{"r", 2, {}},
                                              Value::List{"delete", 3}}));
}

TEST_CASE("sql: the first rows are one statement") {
  ScriptedClient client("closed-predicate");
  const Value rows = Value::Map{{0, 0}, {1, 1}};
  CHECK(client.ask({"init", {}, rows}).value == rows);
  CHECK(Scripted::asked ==
        Statements{"INSERT INTO assay.objects (id, val) VALUES ('0', 0), ('1', 1)"});
  CHECK(client.ask({"init", {}, rows}, {Answer()}).type == EventType::info);
  CHECK(client.ask({"init", {}, Value::Map{{0, "x"}}}).type == EventType::fail);
  CHECK(Scripted::asked.empty());
}

TEST_CASE("sql: by another column than the key, a row is changed where it is, or put") {
  ClientSettings settings;
  settings.layout.access = Access::secondary_index;
  ScriptedClient client("list-append", settings);
  const Value append = Value::List{"append", 1, 5};
  CHECK(client.ask(txn({append}), {ok(), wrote(1), ok()}).type == EventType::ok);
  CHECK(Scripted::asked ==
        Statements{"BEGIN ISOLATION LEVEL SERIALIZABLE",
                   "UPDATE assay.lists SET val = CONCAT(val, ',', '5') WHERE alias = '1'",
                   "COMMIT"});
  CHECK(client.ask(txn({append}), {ok(), wrote(0), wrote(1), ok()}).type == EventType::ok);
  REQUIRE(Scripted::asked.size() == 4);
  CHECK(Scripted::asked[2].find("(id, alias, val) VALUES ('1', '1', '5') ON CONFLICT") !=
        std::string::npos);
  CHECK(client.ask(txn({Value::List{"r", 1, {}}})).type == EventType::ok);
  CHECK(Scripted::asked == Statements{"SELECT val FROM assay.lists WHERE alias = '1'"});
}

TEST_CASE("sql: keys are spread over tables, each in the one that was made for it") {
  ClientSettings settings;
  settings.layout.tables = 3;
  std::set<std::string> used;
  for (std::int64_t key = 0; key < 30; ++key) {
    ScriptedClient client("rw-register", settings);
    CHECK(client.ask(txn({Value::List{"w", key, 1}})).type == EventType::ok);
    const std::string& statement = Scripted::asked.back();
    const auto begin = statement.find("assay.registers_");
    REQUIRE(begin != std::string::npos);
    used.insert(statement.substr(begin, statement.find(' ', begin) - begin));
  }
  const Statements made = table_statements(postgres::dialect(), settings.layout);
  CHECK(used.size() == 3);
  for (const std::string& table : used) {
    CHECK(std::any_of(made.begin(), made.end(), [&](const std::string& statement) {
      return statement.starts_with("CREATE TABLE " + table + " ");
    }));
  }
  CHECK(made.back().starts_with("CREATE TABLE assay.accounts "));
}

TEST_CASE("sql: an index on the second column, unless its rows are to be looked for one by one") {
  const auto indexes = [](Access access) {
    Layout layout;
    layout.access = access;
    const Statements made = table_statements(postgres::dialect(), layout);
    return std::count_if(made.begin(), made.end(), [](const std::string& statement) {
      return statement.find(" INDEX lists_alias ON assay.lists (alias)") != std::string::npos;
    });
  };
  CHECK(indexes(Access::primary_key) == 0);
  CHECK(indexes(Access::secondary_index) == 1);
  CHECK(indexes(Access::unique_index) == 1);
  CHECK(indexes(Access::scan) == 0);
}

}  // namespace
}  // namespace assay::sql
