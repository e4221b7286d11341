// Drivers: programs that speak the protocol, and programs that do not.
#include "targets/external/driver.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "targets/registry.h"

namespace assay::external {
namespace {

using namespace std::chrono_literals;

Driver::Answer ask(const std::string& command, const std::string& line = "{}") {
  auto driver = Driver::start(command);
  REQUIRE(driver.ok());
  return driver->ask(line, monotonic_now() + 3s);
}

TEST_CASE("driver: a line for a line") {
  const auto answer = ask("while read line; do echo \"got $line\"; done", "hello");
  CHECK(answer.kind == Driver::Answer::Kind::line);
  CHECK(answer.text == "got hello");
}

TEST_CASE("driver: one that ends, or is not there, or says nothing is silent") {
  CHECK(ask("exit 3").kind == Driver::Answer::Kind::silent);
  CHECK(ask("/no/such/program 2>/dev/null").kind == Driver::Answer::Kind::silent);
  auto driver = Driver::start("sleep 60");
  REQUIRE(driver.ok());
  const Nanos start = monotonic_now();
  const auto answer = driver->ask("{}", start + 100ms);
  CHECK(answer.text == "driver: timed out");
  CHECK(monotonic_now() - start < 3s);
  CHECK_FALSE(driver->is_running());
}

TEST_CASE("driver: what is sent") {
  CHECK(invoke_line({"write", 3, "a\"b"}) ==
        R"({"type":"invoke","f":"write","key":3,"value":"a\"b"})");
  CHECK(invoke_line({"txn", {}, Value::List{Value::List{"r", 1, {}}}}) ==
        R"({"type":"invoke","f":"txn","value":[["r",1,null]]})");
  CHECK(request_line("open", "n1", ProcessId{4}, "register") ==
        R"({"type":"open","node":"n1","process":4,"datatype":"register"})");
}

TEST_CASE("driver: what is answered; nonsense is in doubt") {
  const Value asked = 7;
  CHECK(read_answer(R"({"type":"ok","value":5})", asked).value == Value(5));
  CHECK(read_answer(R"({"type":"ok"})", asked).value == asked);
  const auto failed = read_answer(R"({"type":"fail","error":"no"})", asked);
  CHECK(failed.type == EventType::fail);
  CHECK(failed.error == "no");
  for (const char* line : {"", "nonsense", "[]", "{}", R"({"type":3})", R"({"type":"done"})",
                           R"({"type":"info","error":"x"})"}) {
    CAPTURE(line);
    CHECK(read_answer(line, asked).type == EventType::info);
  }
}

TEST_CASE("external target: set-up that fails says what the driver said") {
  const auto* entry = find_target("external");
  REQUIRE(entry != nullptr);
  const auto make = [&](const std::string& driver) {
    auto target = entry->make({{"driver", driver}, {"endpoints", "a,b"}});
    REQUIRE(target.ok());
    return std::move(*target);
  };
  Nodes nodes;
  auto broken = make("read line; echo '{\"type\":\"fail\",\"error\":\"no database\"}'");
  CHECK(broken->endpoints() == std::vector<std::string>{"a", "b"});
  const auto status = broken->set_up(nodes);
  REQUIRE_FALSE(status.ok());
  CHECK(status.error().message.find("no database") != std::string::npos);
  auto working = make("while read line; do echo '{\"type\":\"ok\",\"value\":9}'; done");
  CHECK(working->set_up(nodes).ok());
  auto client = working->connect(1, ProcessId{0});
  REQUIRE(client.ok());
  const auto read = (*client)->invoke({"read", 1, {}}, 3s);
  CHECK(read.type == EventType::ok);
  CHECK(read.value == Value(9));
}

}  // namespace
}  // namespace assay::external
