// Shrinking a schedule by running it again, against runs that only pretend.

#include "cli/online_shrink.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace assay::cli {
namespace {

using namespace std::chrono_literals;

/// Ten faults of one second each, half a second apart, and one that lasts to the end.
std::vector<FaultStep> ten_faults() {
  std::vector<FaultStep> steps;
  for (int i = 0; i < 10; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    const Nanos at = 500ms * i;
    steps.push_back({at, "start-" + name, Value::Map{{"nodes", Value::List{i}}}});
    if (i != 9) steps.push_back({at + 1s, "stop-" + name, {}});
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const FaultStep& a, const FaultStep& b) { return a.at < b.at; });
  return steps;
}

bool has(const std::vector<FaultStep>& steps, const std::string& f) {
  return std::any_of(steps.begin(), steps.end(),
                     [&](const FaultStep& step) { return step.f == f; });
}

TEST_CASE("fault schedule: what is written is read again, and only what was asked for counts") {
  const std::vector<FaultStep> steps = ten_faults();
  const auto read = parse_fault_schedule(format_fault_schedule(steps));
  REQUIRE(read.ok());
  CHECK(*read == steps);
  CHECK(faults_of(steps).size() == 10);
  const auto recorded = parse_fault_schedule(
      R"({"index":3,"time":5,"fault":"kill","action":"start","type":"invoke","value":{"nodes":[1]}}
{"index":4,"time":9,"fault":"kill","action":"start","type":"ok","value":{"nodes":["n2"]}}
{"index":9,"time":50,"fault":"heal","type":"invoke"}
)");
  REQUIRE(recorded.ok());
  CHECK(*recorded ==
        std::vector<FaultStep>{{Nanos(5), "start-kill", Value::Map{{"nodes", Value::List{1}}}}});
  for (const char* broken : {"[]", "{", R"({"type":"invoke","action":"start","fault":"kill"})",
                             R"({"type":"invoke","action":"dance","time":1,"fault":"kill"})",
                             R"({"type":"invoke","action":"start","time":-1,"fault":"kill"})"}) {
    CAPTURE(broken);
    const auto wrong = parse_fault_schedule(broken);
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().kind == ErrorKind::bad_data);
    CHECK(wrong.error().message.find("line 1") != std::string::npos);
  }
}

TEST_CASE("online shrink: the two faults that are needed are left, and shorter") {
  OnlineShrinkOptions options;
  options.runs = 4;
  int run = 0;
  options.shows = [&](const std::vector<FaultStep>& steps) -> Result<bool> {
    return has(steps, "start-c") && has(steps, "start-h") && ++run % 2 == 0;
  };
  const auto shrunk = shrink_online(ten_faults(), options);
  REQUIRE(shrunk.ok());
  REQUIRE(shrunk->smallest.size() == 2);
  CHECK(shrunk->smallest[0].start.f == "start-c");
  CHECK(shrunk->smallest[1].start.f == "start-h");
  for (const FaultSpan& span : shrunk->smallest) CHECK(span.stop.at - span.start.at < 250ms);
  CHECK(shrunk->finished);
  CHECK(shrunk->before.runs == 4);
  CHECK(shrunk->before.shown == 2);
  CHECK(shrunk->after.shown == 2);
}

TEST_CASE(
    "online shrink: a finding that does not return is an error, and one without faults is told") {
  OnlineShrinkOptions options;
  options.shows = [](const std::vector<FaultStep>&) -> Result<bool> { return false; };
  const auto never = shrink_online(ten_faults(), options);
  REQUIRE_FALSE(never.ok());
  CHECK(never.error().kind == ErrorKind::no_input);
  options.shows = [](const std::vector<FaultStep>&) -> Result<bool> { return true; };
  const auto always = shrink_online(ten_faults(), options);
  REQUIRE(always.ok());
  CHECK(always->smallest.empty());
}

TEST_CASE("online shrink: intervals of rates") {
  const Interval none = interval_of({0, 0});
  CHECK(none.low == 0);
  CHECK(none.high == 1);
  const Interval some = interval_of({8, 10});  // from tables of Wilson's interval
  CHECK(some.low == doctest::Approx(0.4901).epsilon(0.001));
  CHECK(some.high == doctest::Approx(0.9433).epsilon(0.001));
}

}  // namespace
}  // namespace assay::cli
