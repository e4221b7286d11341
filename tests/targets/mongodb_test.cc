// MongoDB: the table of errors row by row, and what its unmodified driver sends and makes of the
// answers of a scripted server.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "targets/json.h"
#include "targets/mongodb/client.h"
#include "targets/mongodb/errors.h"
#include "targets/registry.h"
#include "tests/targets/mongodb_server.h"

namespace assay::mongodb {
namespace {

using namespace std::chrono_literals;
constexpr auto fail = EventType::fail;
constexpr auto info = EventType::info;
constexpr auto succeeded = EventType::ok;

Answer refused(int code) {
  Answer answer;
  answer.kind = Answer::Kind::refused;
  answer.code = code;
  return answer;
}

TEST_CASE("mongodb: each row of the table of errors") {
  struct Row {
    int code;
    EventType effect;
    EventType commit;
  };
  const std::vector<Row> expected{
      {2, fail, info},     {9, fail, info},     {13, fail, info},    {14, fail, info},
      {18, fail, info},    {20, fail, info},    {26, fail, info},    {59, fail, info},
      {72, fail, info},    {112, fail, fail},   {10058, fail, info}, {10107, fail, info},
      {10334, fail, info}, {11000, fail, info}, {13435, fail, info}, {13436, fail, info},
      {6, info, info},     {50, info, info},    {64, info, info},    {89, info, info},
      {91, info, info},    {189, info, info},   {251, info, info},   {262, info, info},
      {9001, info, info},  {11600, info, info}, {11601, info, info}, {11602, info, info},
      {14031, info, info}, {8000, info, info}};
  for (const Row& row : expected) {
    CAPTURE(row.code);
    CHECK(classify(refused(row.code), Moment::effect).type == row.effect);
    CHECK(classify(refused(row.code), Moment::commit).type == row.commit);
    CHECK(classify(refused(row.code), Moment::working).type == fail);
    CHECK(classify(refused(row.code), Moment::reading).type == fail);
  }
  for (const ErrorRow& row : error_rows()) {
    CAPTURE(row.name);
    CHECK(std::any_of(expected.begin(), expected.end(),
                      [&](const Row& each) { return each.code == row.code; }));
  }
}

TEST_CASE("mongodb: what was not sent failed, but a commit may have been sent before") {
  Answer answer;
  for (const auto kind : {Answer::Kind::lost, Answer::Kind::unreplicated}) {
    answer.kind = kind;
    CHECK(classify(answer, Moment::effect).type == info);
    CHECK(classify(answer, Moment::commit).type == info);
    CHECK(classify(answer, Moment::working).type == fail);
    CHECK(classify(answer, Moment::reading).type == fail);
  }
  answer.kind = Answer::Kind::unsent;
  CHECK(classify(answer, Moment::effect).type == fail);
  CHECK(classify(answer, Moment::commit).type == info);
}

Value parsed(const std::string& text) {
  auto value = parse_json(text);
  REQUIRE(value.ok());
  return *std::move(value);
}

const Value done = Value::Map{{"ok", 1}, {"n", 1}};
constexpr const char* not_primary =
    R"({"ok":0,"code":10107,"codeName":"NotWritablePrimary","errmsg":"not primary"})";

/// Asks a server that answers as the script says, by MongoDB's driver.
struct Asked {
  explicit Asked(ScriptedServer::Script script, std::string datatype = "register")
      : server(std::move(script)), datatype_(std::move(datatype)) {
    settings.hosts = {{"127.0.0.1", server.port()}};
    settings.write_concern = Value::Map{{"w", "majority"}};
    settings.read_concern = "majority";
  }
  Completion ask(const Invocation& invocation) {
    if (client == nullptr) {
      client = std::make_unique<MongoClient>(
          datatype_, [this](Nanos timeout) { return make_driver(settings, timeout); });
    }
    return client->invoke(invocation, 2s);
  }
  /// Of the command of that number, what is below these names.
  Value sent(std::size_t at, std::initializer_list<const char*> path) const {
    const auto commands = server.commands();
    REQUIRE(at < commands.size());
    const Value* value = &commands[at];
    for (const char* name : path) {
      value = find(*value, name);
      if (value == nullptr) return {};
    }
    return *value;
  }

  ScriptedServer server;
  DriverSettings settings;
  std::unique_ptr<MongoClient> client;

 private:
  std::string datatype_;
};

TEST_CASE("mongodb: concerns are sent, values come back") {
  Asked asked([](const Value& command) {
    if (find(command, "find") == nullptr) return done;
    return parsed(R"({"ok":1,"cursor":{"id":0,"ns":"assay.register","firstBatch":[{"value":5}]}})");
  });
  CHECK(asked.ask({"write", 1, 5}).type == succeeded);
  CHECK(asked.sent(0, {"writeConcern", "w"}) == Value("majority"));
  CHECK_FALSE(asked.sent(0, {"writeConcern", "wtimeout"}).is_nil());
  CHECK(asked.sent(0, {"txnNumber"}).is_nil());
  const auto read = asked.ask({"read", 1, {}});
  CHECK(read.type == succeeded);
  CHECK(read.value == Value(5));
  CHECK(asked.sent(1, {"filter", "_id"}) == Value("1"));
  CHECK(asked.sent(1, {"readConcern", "level"}) == Value("majority"));
  CHECK(asked.sent(1, {"readConcern", "afterClusterTime"}).is_nil());
}

TEST_CASE("mongodb: a causal session reads after what it saw") {
  const char* time = R"({"ok":1,"n":1,"operationTime":{"$timestamp":{"t":7,"i":3}}})";
  Asked asked([&](const Value&) { return parsed(time); });
  asked.settings.causal = true;
  CHECK(asked.ask({"write", 1, 5}).type == succeeded);
  CHECK(asked.ask({"read", 1, {}}).type == succeeded);
  CHECK(asked.sent(1, {"readConcern", "afterClusterTime", "$timestamp", "t"}) == Value(7));
  CHECK(asked.sent(0, {"lsid"}) == asked.sent(1, {"lsid"}));
}

TEST_CASE("mongodb: errors of a write, in all the places where they may stand") {
  struct Row {
    const char* reply;
    EventType type;
  };
  for (const Row& row : std::vector<Row>{
           {not_primary, fail},
           {R"({"ok":1,"n":0,"writeErrors":[{"index":0,"code":11000,"errmsg":"E11000"}]})", fail},
           {R"({"ok":1,"n":0,"writeErrors":[{"index":0,"code":11602,"errmsg":"x"}]})", info},
           {R"({"ok":1,"n":1,"writeConcernError":{"code":64,"errmsg":"timed out"}})", info},
           {R"({"ok":0,"code":10107,"errmsg":"x","writeConcernError":{"code":64}})", info},
           {R"({"ok":0,"code":8000,"errmsg":"what else"})", info}}) {
    CAPTURE(row.reply);
    Asked asked([&](const Value&) { return parsed(row.reply); });
    CHECK(asked.ask({"write", 1, 5}).type == row.type);
    CHECK(asked.server.commands().size() == 1);
  }
}

TEST_CASE("mongodb: a lost answer leaves a write in doubt and fails a read") {
  Asked asked([](const Value&) { return Value(); });
  CHECK(asked.ask({"write", 1, 5}).type == info);
  CHECK(asked.server.commands().size() == 1);
  CHECK(asked.ask({"read", 1, {}}).type == fail);
  asked.client = nullptr;
  asked.settings.hosts = {{"127.0.0.1", 1}};
  const auto nobody = asked.ask({"write", 1, 5});
  CHECK(nobody.type == fail);
  CHECK_FALSE(nobody.error.empty());
}

TEST_CASE("mongodb: compare-and-set by what findAndModify says it changed") {
  int changed = 1;
  Asked asked([&](const Value&) {
    return Value(
        Value::Map{{"ok", 1}, {"value", {}}, {"lastErrorObject", Value::Map{{"n", changed}}}});
  });
  const Invocation cas{"cas", 1, Value::List{1, 2}};
  CHECK(asked.ask(cas).type == succeeded);
  CHECK(asked.sent(0, {"query", "value"}) == Value(1));
  changed = 0;
  CHECK(asked.ask(cas).error == unmet_precondition);
}

Invocation txn(Value::List steps) { return {"txn", {}, std::move(steps)}; }
const Value append = Value::List{"append", 1, 5};
const Value read = Value::List{"r", 1, {}};

TEST_CASE("mongodb: several steps are one transaction, one step is none") {
  Asked asked([](const Value&) { return done; }, "list-append");
  const auto completion = asked.ask(txn({append, read}));
  CHECK(completion.type == succeeded);
  CHECK(completion.value == Value(Value::List{append, Value::List{"r", 1, Value::List{}}}));
  CHECK(asked.sent(0, {"startTransaction"}) == Value(true));
  CHECK(asked.sent(0, {"autocommit"}) == Value(false));
  CHECK(asked.sent(0, {"readConcern", "level"}) == Value("majority"));
  CHECK(asked.sent(0, {"writeConcern"}).is_nil());
  CHECK(asked.sent(1, {"startTransaction"}).is_nil());
  CHECK(asked.sent(2, {"commitTransaction"}) == Value(1));
  CHECK(asked.sent(2, {"writeConcern", "w"}) == Value("majority"));
  CHECK(asked.ask(txn({append})).type == succeeded);
  CHECK(asked.sent(3, {"autocommit"}).is_nil());
}

TEST_CASE("mongodb: what ends before the commit failed and is aborted; a lost commit is in doubt") {
  const auto outcome = [](const char* at, const Value& answer, std::string* last) {
    Asked asked([&](const Value& command) { return find(command, at) == nullptr ? done : answer; },
                "list-append");
    const auto completion = asked.ask(txn({append, append}));
    *last = to_text(asked.server.commands().back().get_if<Value::Map>()->front().first);
    return completion.type;
  };
  std::string last;
  CHECK(outcome("update", parsed(not_primary), &last) == fail);
  CHECK(last.find("abortTransaction") != std::string::npos);
  CHECK(outcome("commitTransaction", Value(), &last) == info);
  CHECK(outcome("commitTransaction", parsed(not_primary), &last) == info);
  const Value conflict = parsed(R"({"ok":0,"code":112,"errmsg":"conflict"})");
  CHECK(outcome("commitTransaction", conflict, &last) == fail);
}

TEST_CASE("mongodb: the target says what it cannot do") {
  const auto* entry = find_target("mongodb");
  REQUIRE(entry != nullptr);
  std::map<std::string, std::string> options;
  for (const auto& option : entry->options) {
    options[std::string(option.name)] = std::string(option.fallback);
  }
  CHECK(entry->make(options).error().message.find("--servers") != std::string::npos);
  options["servers"] = "127.0.0.1:1";
  options["read-concern"] = "linearizable";
  auto target = entry->make(options);
  REQUIRE(target.ok());
  CHECK((*target)->expect("register").ok());
  CHECK_FALSE((*target)->expect("list-append").ok());
  CHECK_FALSE((*target)->expect("lock").ok());
  CHECK_FALSE((*target)->look().ok());
  options["causal"] = "yes";
  CHECK_FALSE(entry->make(options).ok());
}

}  // namespace
}  // namespace assay::mongodb
