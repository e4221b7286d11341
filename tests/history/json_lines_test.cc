#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "files.h"
#include "history/formats/readers.h"
#include "random_history.h"

namespace assay {
namespace {

using testing::contains;

Result<History> read(const std::string& text) { return testing::read_text(read_json_lines, text); }

std::string error_of(const std::string& text) {
  const auto history = read(text);
  if (history) return "";
  CHECK(history.error().kind == ErrorKind::bad_data);
  return history.error().message;
}

constexpr const char* write_and_read =
    "{\"index\":0,\"time\":10,\"process\":0,\"type\":\"invoke\",\"f\":\"write\",\"key\":3,"
    "\"value\":5,\"node\":\"n1\"}\n"
    "\n"
    "{\"index\":1,\"time\":20,\"process\":1,\"type\":\"invoke\",\"f\":\"read\",\"key\":\"x\"}\n"
    "{\"index\":2,\"time\":30,\"process\":0,\"type\":\"fail\",\"f\":\"write\",\"value\":5,"
    "\"error\":\"no leader\"}\n"
    "{\"index\":5,\"time\":30,\"process\":1,\"type\":\"ok\",\"f\":\"read\",\"value\":[1,{\"7\":"
    "null}]}\n"
    "{\"index\":6,\"time\":40,\"process\":\"nemesis\",\"type\":\"invoke\",\"f\":\"start\"}\n";

}  // namespace

TEST_CASE("jsonl: events map to operations") {
  const auto history = read(write_and_read);
  REQUIRE(history.ok());
  REQUIRE(history->size() == 2);
  CHECK(history->info().real_time == RealTime::time);
  CHECK_FALSE(history->info().initial_declared);
  CHECK(history->node(0) == "n1");
  CHECK(history->error(0) == "no leader");
  CHECK(history->key(0) == Value(3));
  CHECK(history->key(1) == Value("x"));
  CHECK(history->value((*history)[1].result) == Value(Value::List{1, Value::Map{{7, {}}}}));
  CHECK(history->interval(1).end == 30);
  CHECK(history->faults().size() == 1);
}

TEST_CASE("jsonl: the header declares datatype, initial value and order") {
  const auto history = read(
      "{\"assay\":\"history/1\",\"datatype\":\"register\",\"initial\":0,"
      "\"real_time\":false,\"source\":\"ignored\"}\n" +
      std::string(write_and_read));
  REQUIRE(history.ok());
  CHECK(history->info().datatype == "register");
  CHECK(history->info().initial == Value(0));
  CHECK(history->info().initial_declared);
  CHECK(history->info().real_time == RealTime::none);
  CHECK(read("{\"assay\":\"history/1\"}\n")->size() == 0);
}

TEST_CASE("jsonl: without a time on every event the lines are the order") {
  const auto history = read(
      "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\",\"time\":1}\n"
      "{\"process\":0,\"type\":\"ok\",\"value\":1}\n");
  REQUIRE(history.ok());
  CHECK(history->info().real_time == RealTime::position);
  CHECK((*history)[0].complete_event == 1);
}

TEST_CASE("jsonl: errors name the line, what was expected and what is there") {
  const std::string ok = "{\"process\":0,\"type\":\"invoke\",\"f\":\"read\"}\n";
  CHECK(contains(error_of(ok + "{\"process\":0,\"type\":\"ok\",\"f\":\"re"),
                 "line 2: expected a JSON"));
  CHECK(contains(error_of(ok + "[1]"), "line 2: expected a JSON object, got [1]"));
  CHECK(contains(error_of(ok + "{\"process\":0}"), "line 2: an event needs a \"type\""));
  CHECK(contains(error_of("{\"process\":0,\"type\":\"done\"}"), "not \"done\""));
  CHECK(contains(error_of("{\"process\":1.5,\"type\":\"ok\"}"), "\"process\" must be"));
  CHECK(contains(error_of("{\"process\":0,\"type\":\"invoke\"}"), "needs an \"f\""));
  CHECK(contains(error_of("{\"index\":-1,\"process\":0}"), "\"index\" must be"));
  CHECK(contains(error_of(ok + "{\"assay\":\"history/1\"}"), "line 2: a header after"));
  CHECK(contains(error_of("{\"assay\":\"history/2\"}"), "must be \"history/1\""));
  CHECK(
      contains(error_of(ok + "{\"process\":0,\"type\":\"ok\"}\n{\"process\":0,\"type\":\"ok\"}\n"),
               "line 3: event 2: two completions"));
  std::string deep = "{\"process\":0,\"type\":\"invoke\",\"f\":\"w\",\"value\":";
  deep += std::string(900, '[') + std::string(900, ']') + "}";
  CHECK(contains(error_of(deep), "nested deeper"));
  deep = std::string(100'000, '[');
  CHECK_FALSE(error_of(deep).empty());
}

TEST_CASE("jsonl: the fast path and the full parser say the same of every line") {
  const std::vector<std::string> values{"null",
                                        "true",
                                        "0",
                                        "-0",
                                        "007",
                                        "-7",
                                        "12345678901234567",
                                        "123456789012345678",
                                        "1234567890123456789",
                                        "9223372036854775808",
                                        "1.5",
                                        "1e3",
                                        "\"x\"",
                                        "\"\"",
                                        "\"a\\nb\"",
                                        "\"\u00e9\"",
                                        "[]",
                                        "[ 1 , 2 ]",
                                        "[1,[2,[3]]]",
                                        "[1,]",
                                        "{\"a\":1}",
                                        "nul",
                                        "\"open",
                                        "[[[[[[[[[[[[1]]]]]]]]]]]]",
                                        "\"\x7f\"",
                                        "\"\x01\"",
                                        "1 2",
                                        ""};
  const std::vector<std::string> names{"index", "time",  "process", "type",  "f",
                                       "key",   "value", "node",    "error", "other"};
  const auto told = [](const std::string& line) {
    const auto history = read("{\"process\":9,\"type\":\"invoke\",\"f\":\"first\"}\n" + line);
    if (!history) return history.error().message.substr(0, history.error().message.find(", got"));
    std::string text;
    for (const Event& event : history->events()) text += testing::show(event) + '\n';
    return text;
  };
  for (const std::string& name : names) {
    for (const std::string& value : values) {
      const std::string start = name == "process" ? "{" : "{\"process\":1,";
      const std::string type = name == "type" ? "" : "\"type\":\"invoke\",";
      const std::string f = name == "f" ? "" : "\"f\":\"read\",";
      const std::string field = "\"" + name + "\":" + value;
      CAPTURE(field);
      // A field that it does not know is what the fast path leaves to the full parser.
      const std::string plain = start + type + f + field;
      CHECK(told(plain + "}") == told(plain + ",\"unknown\":0}"));
      CHECK(told(plain + "," + field + "}") == told(plain + "," + field + ",\"unknown\":0}"));
    }
  }
}

}  // namespace assay
