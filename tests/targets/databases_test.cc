// What the database targets decide without a server: their tables of errors row by row, what they
// ask and how they read answers, their options.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "targets/cluster.h"
#include "targets/etcd/gateway.h"
#include "targets/failover.h"
#include "targets/mariadb/dialect.h"
#include "targets/mysql/dialect.h"
#include "targets/postgres/dialect.h"
#include "targets/redis/client.h"
#include "targets/registry.h"
#include "targets/sql/columns.h"
#include "targets/sql/published.h"
#include "targets/zookeeper/client.h"
#include "tests/targets/scripted_sql.h"

namespace assay {
namespace {

using sql::Answer;
using sql::ask;
using sql::Moment;
using sql::ok;
using sql::refused;
using sql::Scripted;
using sql::txn;

constexpr auto fail = EventType::fail;
constexpr auto info = EventType::info;

struct CodeRow {
  std::string code;
  EventType at_commit;
};

void check_codes(const sql::Dialect& dialect, const std::vector<CodeRow>& rows) {
  std::set<std::string> tested;
  for (const CodeRow& row : rows) {
    CAPTURE(row.code);
    tested.insert(row.code);
    CHECK(sql::classify(refused(row.code), Moment::effect, dialect.errors).type == row.at_commit);
    CHECK(sql::classify(refused(row.code), Moment::working, dialect.errors).type == fail);
    CHECK(sql::classify(refused(row.code), Moment::reading, dialect.errors).type == fail);
  }
  for (const auto& row : dialect.errors) {
    CAPTURE(row.code);
    CHECK(std::any_of(tested.begin(), tested.end(),
                      [&](const std::string& code) { return code.starts_with(row.code); }));
  }
}

TEST_CASE("postgres: each row of the table of errors") {
  check_codes(postgres::dialect(),
              {{"08006", info}, {"0A000", fail}, {"21000", fail}, {"22003", fail}, {"23505", fail},
               {"25006", fail}, {"28P01", fail}, {"3D000", fail}, {"3F000", fail}, {"40001", fail},
               {"40P01", fail}, {"40003", info}, {"42P01", fail}, {"53100", info}, {"53300", fail},
               {"55P03", fail}, {"57P01", info}, {"57014", info}, {"57P03", fail}, {"58030", info},
               {"XX000", info}, {"99999", info}});
}

TEST_CASE("mariadb: each row of the table of errors") {
  check_codes(mariadb::dialect(),
              {{"1020", fail}, {"1040", fail}, {"1044", fail}, {"1045", fail}, {"1047", fail},
               {"1048", fail}, {"1049", fail}, {"1062", fail}, {"1064", fail}, {"1142", fail},
               {"1146", fail}, {"1205", fail}, {"1213", fail}, {"1227", fail}, {"1290", fail},
               {"1406", fail}, {"1792", fail}, {"1021", info}, {"1026", info}, {"1053", info},
               {"1180", info}, {"1317", info}, {"1927", info}, {"2013", info}, {"4031", info}});
}

TEST_CASE("mysql: each row of the table of errors") {
  check_codes(mysql::dialect(),
              {{"1040", fail}, {"1044", fail}, {"1045", fail}, {"1048", fail}, {"1049", fail},
               {"1062", fail}, {"1064", fail}, {"1142", fail}, {"1146", fail}, {"1205", fail},
               {"1213", fail}, {"1227", fail}, {"1290", fail}, {"1406", fail}, {"1792", fail},
               {"1836", fail}, {"3101", fail}, {"3797", fail}, {"3798", fail}, {"3799", fail},
               {"1021", info}, {"1026", info}, {"1053", info}, {"1114", info}, {"1180", info},
               {"1317", info}, {"3100", info}, {"2013", info}, {"4031", info}});
}

TEST_CASE(
    "sql: what was not sent failed; what was sent and not answered is in doubt at the commit") {
  const auto errors = postgres::dialect().errors;
  Answer lost;
  CHECK(sql::classify(lost, Moment::effect, errors).type == info);
  CHECK(sql::classify(lost, Moment::working, errors).type == fail);
  CHECK(sql::classify(lost, Moment::reading, errors).type == fail);
  lost.kind = Answer::Kind::unconnected;
  CHECK(sql::classify(lost, Moment::effect, errors).type == fail);
}

TEST_CASE("etcd: each row of the table of errors") {
  const auto of = [](int code, const char* message) {
    etcd::Reply reply;
    reply.kind = etcd::Reply::Kind::refused;
    reply.code = code;
    reply.message = message;
    return etcd::classify(reply, true).type;
  };
  for (const int code : {3, 5, 7, 8, 9, 11, 12, 16}) CHECK(of(code, "x") == fail);
  for (const int code : {0, 1, 2, 4, 10, 13, 14, 15}) CHECK(of(code, "x") == info);
  CHECK(of(14, "etcdserver: no leader") == fail);
  CHECK(of(14, "etcdserver: not capable") == fail);
  CHECK(of(14, "etcdserver: request timed out") == info);
  etcd::Reply reply;
  CHECK(etcd::classify(reply, true).type == info);
  CHECK(etcd::classify(reply, false).type == fail);
  reply.kind = etcd::Reply::Kind::unconnected;
  CHECK(etcd::classify(reply, true).type == fail);
}

TEST_CASE("redis: each row of the table of errors") {
  for (const char* error :
       {"READONLY You can't write", "LOADING Redis is loading", "MASTERDOWN Link", "NOREPLICAS Not",
        "OOM command", "MISCONF Redis is", "CLUSTERDOWN The", "MOVED 1 x", "WRONGTYPE Operation",
        "EXECABORT Transaction", "NOAUTH Authentication", "NOPERM this", "WRONGPASS invalid",
        "BUSY Redis"}) {
    CAPTURE(error);
    CHECK(redis::classify(error, true).type == fail);
  }
  for (const char* error : {"UNBLOCKED force", "ERR unknown", "SOMETHING else", ""}) {
    CAPTURE(error);
    CHECK(redis::classify(error, true).type == info);
    CHECK(redis::classify(error, false).type == fail);
  }
}

TEST_CASE("zookeeper: each row of the table of errors") {
  // Numbers of zookeeper.h: no node, node exists, bad version, no authorisation, bad arguments,
  // invalid state, not empty, marshalling.
  for (const int code : {-101, -110, -103, -102, -8, -9, -111, -5}) {
    CAPTURE(code);
    CHECK(zookeeper::classify(code, true).type == fail);
  }
  // Connection loss, timed out, session expired, closing, unknown.
  for (const int code : {-4, -7, -112, -116, -1}) {
    CAPTURE(code);
    CHECK(zookeeper::classify(code, true).type == info);
    CHECK(zookeeper::classify(code, false).type == fail);
  }
}

TEST_CASE("hosts: with and without port; what cannot be one is refused") {
  const auto list = parse_endpoints("db1:5433,db2,[::1]:5434", 5432);
  REQUIRE(list.ok());
  REQUIRE(list->size() == 3);
  CHECK((*list)[0].host == "db1");
  CHECK((*list)[0].port == 5433);
  CHECK((*list)[1].port == 5432);
  CHECK((*list)[2].host == "::1");
  CHECK((*list)[2].port == 5434);
  CHECK(parse_endpoints("", 1)->empty());
  for (const char* bad : {":5432", "db:", "db:x", "db:0", "db:70000", "a,,b"}) {
    CAPTURE(bad);
    const auto refusal = parse_endpoints(bad, 1);
    REQUIRE_FALSE(refusal.ok());
    CHECK(refusal.error().kind == ErrorKind::configuration);
  }
}

TEST_CASE("targets: every option's fallback makes a target, and another value an error") {
  for (const TargetEntry& entry : targets()) {
    CAPTURE(entry.name);
    std::map<std::string, std::string> options;
    for (const auto& option : entry.options) {
      options[std::string(option.name)] = std::string(option.fallback);
    }
    if (entry.name == "external") {
      CHECK_FALSE(entry.make(options).ok());
      options["driver"] = "true";
    }
    if (entry.name == "mongodb") {
      CHECK_FALSE(entry.make(options).ok());
      options["servers"] = "127.0.0.1";
    }
    CHECK(entry.make(options).ok());
    for (const auto& option : entry.options) {
      if (option.values.find('|') == std::string_view::npos) continue;
      CAPTURE(option.name);
      auto wrong = options;
      wrong[std::string(option.name)] = "nonsense";
      const auto made = entry.make(wrong);
      REQUIRE_FALSE(made.ok());
      CHECK(made.error().kind == ErrorKind::configuration);
      CHECK(made.error().message.find(option.name) != std::string::npos);
    }
  }
}

TEST_CASE("base64: bytes go through it unchanged") {
  for (const std::string text : {"", "f", "fo", "foo", "foob", "\x00\xff\x7f"}) {
    CHECK(etcd::from_base64(etcd::base64(text)) == text);
  }
  CHECK(etcd::base64("fo") == "Zm8=");
  CHECK_FALSE(etcd::from_base64("*").has_value());
}

TEST_CASE("sql: columns hold integers and strings apart, and a quote ends no literal") {
  for (const Value& value : {Value(-3), Value("3"), Value("it's"), Value("")}) {
    CHECK(sql::from_column(sql::to_column(value)) == value);
  }
  CHECK(sql::from_column(std::nullopt).is_nil());
  CHECK_FALSE(sql::to_column(Value(1.5)).has_value());
  CHECK(sql::quoted("a'; DROP") == "'a''; DROP'");
}

TEST_CASE("sql client: one step commits by itself, more are a transaction") {
  const Value read = Value::List{"r", 1, {}};
  const Value append = Value::List{"append", 1, 5};
  auto completion = ask("list-append", txn({read}), {ok({{"1,2"}})});
  CHECK(completion.type == EventType::ok);
  CHECK(completion.value == Value(Value::List{Value::List{"r", 1, Value::List{1, 2}}}));
  CHECK(Scripted::asked.size() == 1);
  completion = ask("list-append", txn({append, read}), {ok(), ok(), ok({{"5"}}), ok()});
  CHECK(completion.type == EventType::ok);
  REQUIRE(Scripted::asked.size() == 4);
  CHECK(Scripted::asked.front() == "BEGIN ISOLATION LEVEL SERIALIZABLE");
  CHECK(Scripted::asked.back() == "COMMIT");
}

TEST_CASE("sql client: what ends before the commit failed, what ends in it is in doubt") {
  const Value append = Value::List{"append", 1, 5};
  const auto steps = [&] { return txn({append, append}); };
  const Answer lost;
  CHECK(ask("list-append", steps(), {ok(), lost}).type == fail);
  CHECK(ask("list-append", steps(), {ok(), ok(), ok(), lost}).type == info);
  CHECK(ask("list-append", steps(), {ok(), ok(), ok(), refused("40001")}).type == fail);
  CHECK(ask("list-append", steps(), {ok(), refused("40001")}).type == fail);
  CHECK(Scripted::asked.back() == "ROLLBACK");
  CHECK(ask("list-append", txn({append}), {lost}).type == info);
  CHECK(ask("register", {"write", 1, 5}, {lost}).type == info);
  CHECK(ask("register", {"read", 1, {}}, {lost}).type == fail);
}

TEST_CASE("sql client: a compare-and-set that wrote no row had no effect") {
  Answer none = ok();
  none.affected = 0;
  const auto completion = ask("register", {"cas", 1, Value::List{1, 2}}, {none});
  CHECK(completion.type == fail);
  CHECK(completion.error == unmet_precondition);
}

TEST_CASE("sql client: a transfer of more than there is rolls back") {
  const Value transfer = Value::Map{{"from", 0}, {"to", 1}, {"amount", 5}};
  auto completion = ask("bank", {"transfer", {}, transfer}, {ok(), ok({{"3"}})});
  CHECK(completion.type == fail);
  CHECK(Scripted::asked.back() == "ROLLBACK");
  completion = ask("bank", {"transfer", {}, transfer}, {ok(), ok({{"9"}}), ok({{"1"}})});
  CHECK(completion.type == EventType::ok);
  CHECK(Scripted::asked[3].find("val = 4") != std::string::npos);
  CHECK(Scripted::asked[4].find("val = 6") != std::string::npos);
}

TEST_CASE("sql client: values of another shape are refused before anything is asked") {
  for (const Invocation& bad :
       {txn({Value(3)}), txn({Value(Value::List{"r"})}), Invocation{"write", 1, 1.5},
        Invocation{"cas", 1, Value(3)}, Invocation{"nonsense", 1, {}},
        Invocation{"transfer", {}, Value(3)}}) {
    CAPTURE(to_text(bad.value));
    CHECK(ask("register", bad, {}).type == fail);
    CHECK(Scripted::asked.empty());
  }
}

TEST_CASE(
    "schedules: each anomaly is shown by what a weak store answers, not by what a strong one") {
  for (const sql::Schedule& schedule : sql::schedules()) {
    CAPTURE(schedule.anomaly);
    sql::ScheduleOutcome aborted;
    aborted.answers.resize(schedule.steps.size());
    for (const auto& step : schedule.steps) aborted.committed[step.session] = false;
    aborted.rows = {{"1", "10"}, {"2", "20"}};
    CHECK_FALSE(schedule.shows(aborted));
    std::set<int> sessions;
    for (const auto& step : schedule.steps) sessions.insert(step.session);
    CHECK(sessions.size() >= 2);
  }
  sql::ScheduleOutcome mixed;
  mixed.committed = {{1, true}, {2, true}};
  mixed.rows = {{"1", "12"}, {"2", "21"}};
  CHECK(sql::schedules().front().shows(mixed));
  mixed.rows = {{"1", "12"}, {"2", "22"}};
  CHECK_FALSE(sql::schedules().front().shows(mixed));
  CHECK(sql::find_published("postgres", sql::Isolation::repeatable_read) != nullptr);
  CHECK(sql::find_published("etcd", sql::Isolation::repeatable_read) == nullptr);
}

TEST_CASE("failover: a silent primary is replaced once, and stays out") {
  Failover failover;
  std::atomic<bool> silent{false};
  std::atomic<int> promotions{0};
  failover.start(0, std::chrono::milliseconds(300),
                 {[&](std::size_t at) { return at != 0 || !silent; },
                  [&](std::size_t old) -> Result<std::size_t> {
                    ++promotions;
                    return old + 1;
                  }});
  CHECK(failover.primary() == 0);
  silent = true;
  CHECK(wait_for(std::chrono::seconds(5), [&]() -> Status {
          if (failover.primary() == 1) return {};
          return Error{ErrorKind::unavailable, "not yet"};
        }).ok());
  failover.stop();
  CHECK(promotions == 1);
  CHECK(failover.is_retired(0));
  CHECK_FALSE(failover.is_retired(1));
}

}  // namespace
}  // namespace assay
