#include "harness/script.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "harness/scheduler.h"
#include "harness/simulated_workers.h"
#include "history/history.h"

using namespace assay;
using namespace std::chrono_literals;

namespace {

RunScript example() {
  RunScript script;
  script.clients = Script{{1ms, 0, {"write", Value(1), 7}},
                          {2ms, 1, {"read", Value(1), {}}},
                          {2500us, 0, {"read", Value(1), {}}},
                          {9ms, 1, {"cas", Value(2), Value::List{1, 2}}}};
  script.faults = {{3ms, 0, {"start-kill", {}, Value::Map{{"nodes", Value::List{0}}}}},
                   {8ms, 0, {"stop-kill", {}, {}}}};
  return script;
}

void check_same(const Script& a, const Script& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CAPTURE(i);
    CHECK(a[i].time == b[i].time);
    CHECK(a[i].thread == b[i].thread);
    CHECK(a[i].invocation.f == b[i].invocation.f);
    CHECK(a[i].invocation.key == b[i].invocation.key);
    CHECK(a[i].invocation.value == b[i].invocation.value);
  }
}

}  // namespace

TEST_CASE("script: its events are a history, and give it back") {
  const RunScript script = example();
  const auto events = events_of(script, 2);
  HistoryBuilder builder{{}};
  for (const Event& event : events) REQUIRE(builder.add(event).ok());
  CHECK(builder.finish().ok());
  const RunScript back = script_of(events, 2);
  check_same(*back.clients, *script.clients);
  check_same(back.faults, script.faults);
}

TEST_CASE("script: a recorded run, played again, invokes the same at the same times") {
  const auto run = [](GeneratorPtr clients, GeneratorPtr faults) {
    SimulatedWorkers workers(2, [](int, ProcessId, const Invocation&) {
      return SimulatedWorkers::Outcome{{EventType::ok, {}, {}}, 300us};
    });
    std::vector<Event> events;
    Plan plan;
    plan.generator = std::move(clients);
    plan.nemesis = std::move(faults);
    const auto tally = run_plan(std::move(plan), workers,
                                [&](const Event& event) -> Status {
                                  events.push_back(event);
                                  return {};
                                },
                                {});
    REQUIRE(tally.ok());
    return events;
  };
  const RunScript script = example();
  const auto events = run(play(*script.clients), play(script.faults));
  const RunScript recorded = script_of(events, 2);
  check_same(*recorded.clients, *script.clients);
  check_same(recorded.faults, script.faults);
}
