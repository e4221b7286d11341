#include "harness/scheduler.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include "harness/generators.h"
#include "harness/simulated_workers.h"
#include "history/history.h"

namespace assay {
namespace {

using namespace std::chrono_literals;

struct Recorded {
  std::vector<Event> events;
  Tally tally;
};

Recorded run(Plan plan, SimulatedWorkers& workers, const std::atomic<bool>* stop = nullptr) {
  Recorded recorded;
  SchedulerOptions options;
  options.random = Random(1);
  options.stop = stop;
  auto tally = run_plan(
      std::move(plan), workers,
      [&](const Event& event) {
        recorded.events.push_back(event);
        return Status();
      },
      options);
  REQUIRE(tally.ok());
  recorded.tally = *tally;
  return recorded;
}

GeneratorPtr reads() {
  return generate([](const Context&) { return Invocation{"read", {}, {}}; });
}

SimulatedWorkers::Outcome after(Nanos duration, EventType type = EventType::ok) {
  return {{type, 1, type == EventType::ok ? "" : "timeout"}, duration};
}

}  // namespace

TEST_CASE("scheduler: what it records is a valid history") {
  SimulatedWorkers workers(5, [random = Random(3)](int, ProcessId, const Invocation&) mutable {
    const auto draw = random.below(10);
    return after(Nanos(random.between(1, 3'000'000)), draw == 0   ? EventType::info
                                                      : draw == 1 ? EventType::fail
                                                                  : EventType::ok);
  });
  Plan plan;
  plan.generator = limit(1'000, reads());
  const Recorded recorded = run(std::move(plan), workers);
  HistoryBuilder builder({});
  for (const Event& event : recorded.events) REQUIRE(builder.add(event).ok());
  const auto history = builder.finish();
  REQUIRE(history.ok());
  CHECK(history->size() == 1'000);
  CHECK(recorded.tally.invoked == 1'000);
  CHECK(recorded.tally.ok + recorded.tally.fail + recorded.tally.info == 1'000);
  CHECK(recorded.tally.info > 50);
}

TEST_CASE("scheduler: a process whose operation ended info is never used again") {
  SimulatedWorkers workers(3, [](int, ProcessId process, const Invocation&) {
    return after(1ms, static_cast<int>(process) < 30 ? EventType::info : EventType::ok);
  });
  Plan plan;
  plan.generator = limit(100, reads());
  std::set<int> retired;
  for (const Event& event : run(std::move(plan), workers).events) {
    const int process = static_cast<int>(event.process);
    CAPTURE(process);
    if (event.type == EventType::invoke) CHECK_FALSE(retired.contains(process));
    if (event.type == EventType::info) retired.insert(process);
  }
  CHECK(retired.size() == 30);
}

TEST_CASE("scheduler: times increase strictly and indices are dense") {
  SimulatedWorkers workers(4, [](int, ProcessId, const Invocation&) { return after(0ns); });
  Plan plan;
  plan.generator = limit(50, reads());
  const auto events = run(std::move(plan), workers).events;
  for (std::size_t i = 1; i < events.size(); ++i) {
    CHECK(events[i].time > events[i - 1].time);
    CHECK(events[i].index == i);
  }
}

TEST_CASE("scheduler: the nemesis runs beside the clients and everything is healed at the end") {
  bool healed = false;
  SimulatedWorkers workers(2, [](int, ProcessId, const Invocation&) { return after(2ms); });
  Plan plan;
  plan.generator = time_limit(1s, reads());
  plan.nemesis = sequence({{"start-partition", {}, {}}, {"stop-partition", {}, {}}});
  plan.heal = [&] {
    healed = true;
    return std::vector<StoppedFault>{{"stop-kill", {EventType::ok, "n1 was gone", {}}}};
  };
  plan.final_generator = limit(2, reads());
  const Recorded recorded = run(std::move(plan), workers);
  CHECK(healed);
  CHECK(recorded.tally.faults == 1);
  std::vector<std::string> faults;
  for (const Event& event : recorded.events) {
    if (event.process == nemesis_process) faults.push_back(event.f);
    if (event.f == "stop-kill" && event.type == EventType::ok) CHECK(event.value == "n1 was gone");
  }
  CHECK(faults == std::vector<std::string>{"start-partition", "start-partition", "stop-partition",
                                           "stop-partition", "heal", "stop-kill", "stop-kill",
                                           "heal"});
  // The final reads come after the healing.
  CHECK(recorded.events.back().f == "read");
}

TEST_CASE("scheduler: an operation that never returns stays open and does not hang the run") {
  SimulatedWorkers workers(2, [](int thread, ProcessId, const Invocation&) {
    return after(thread == 0 ? Nanos(1000h) : Nanos(1ms));
  });
  Plan plan;
  plan.generator = time_limit(100ms, reads());
  const Recorded recorded = run(std::move(plan), workers);
  CHECK(recorded.tally.invoked == recorded.tally.ok + 1);
}

TEST_CASE("scheduler: a stop request ends the run early and still heals") {
  std::atomic<bool> stop{false};
  bool healed = false;
  SimulatedWorkers workers(1, [&](int, ProcessId, const Invocation&) {
    stop = true;
    return after(1ms);
  });
  Plan plan;
  plan.generator = reads();
  plan.heal = [&] {
    healed = true;
    return std::vector<StoppedFault>();
  };
  CHECK(run(std::move(plan), workers, &stop).tally.invoked == 1);
  CHECK(healed);
}

TEST_CASE("scheduler: a journal that cannot be written stops the run, after healing") {
  bool healed = false;
  SimulatedWorkers workers(1, [](int, ProcessId, const Invocation&) { return after(1ms); });
  Plan plan;
  plan.generator = reads();
  plan.heal = [&] {
    healed = true;
    return std::vector<StoppedFault>();
  };
  int left = 10;
  SchedulerOptions options;
  const auto tally = run_plan(
      std::move(plan), workers,
      [&](const Event&) {
        return --left > 0 ? Status() : Status(Error{ErrorKind::cannot_write, "disk full"});
      },
      options);
  REQUIRE_FALSE(tally.ok());
  CHECK(tally.error().kind == ErrorKind::cannot_write);
  CHECK(healed);
}

}  // namespace assay
