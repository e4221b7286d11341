#include "harness/generators.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

#include "harness/scheduler.h"
#include "harness/simulated_workers.h"

namespace assay {
namespace {

using namespace std::chrono_literals;

GeneratorPtr endless(const std::string& f) {
  return generate([f](const Context&) { return Invocation{f, {}, {}}; });
}

/// Runs under a simulated clock where every operation takes 1 ms and succeeds.
std::vector<Event> simulate(GeneratorPtr generator, int threads, std::uint64_t seed = 1) {
  std::vector<Event> events;
  SimulatedWorkers workers(threads, [](int, ProcessId, const Invocation& invocation) {
    return SimulatedWorkers::Outcome{{EventType::ok, invocation.value, ""}, 1ms};
  });
  Plan plan;
  plan.generator = std::move(generator);
  SchedulerOptions options;
  options.random = Random(seed);
  auto tally = run_plan(
      std::move(plan), workers,
      [&](const Event& event) {
        events.push_back(event);
        return Status();
      },
      options);
  REQUIRE(tally.ok());
  return events;
}

std::vector<Event> invocations(const std::vector<Event>& events) {
  std::vector<Event> result;
  for (const Event& event : events) {
    if (event.type == EventType::invoke) result.push_back(event);
  }
  return result;
}

std::size_t count(const std::vector<Event>& events, const std::string& f) {
  std::size_t n = 0;
  for (const Event& event : invocations(events)) n += event.f == f ? 1U : 0U;
  return n;
}

}  // namespace

TEST_CASE("generators: limit stops after exactly so many invocations") {
  CHECK(invocations(simulate(limit(7, endless("read")), 3)).size() == 7);
  CHECK(simulate(limit(0, endless("read")), 3).empty());
}

TEST_CASE("generators: a sequence keeps its order") {
  const auto events =
      invocations(simulate(sequence({{"a", {}, 1}, {"b", {}, 2}, {"c", {}, 3}}), 1));
  REQUIRE(events.size() == 3);
  CHECK(events[0].f == "a");
  CHECK(events[1].f == "b");
  CHECK(events[2].f == "c");
}

TEST_CASE("generators: time_limit invokes nothing after its time, and uses it all") {
  const auto events = invocations(simulate(time_limit(100ms, endless("read")), 2));
  CHECK(events.back().time < 100ms);
  CHECK(events.back().time >= 98ms);
  // Two threads, one operation a millisecond each.
  CHECK(events.size() >= 190);
  CHECK(events.size() <= 202);
}

TEST_CASE("generators: mix draws from all of its generators and outlives the exhausted ones") {
  std::vector<GeneratorPtr> parts;
  parts.push_back(limit(5, endless("a")));
  parts.push_back(limit(500, endless("b")));
  const auto events = simulate(mix(std::move(parts)), 2);
  CHECK(count(events, "a") == 5);
  CHECK(count(events, "b") == 500);
}

TEST_CASE("generators: a waiting part of a mix does not hold up the others") {
  std::vector<GeneratorPtr> parts;
  parts.push_back(delay(1s, limit(1, endless("late"))));
  parts.push_back(limit(20, endless("now")));
  const auto events = simulate(mix(std::move(parts)), 1);
  CHECK(count(events, "late") == 1);
  CHECK(count(events, "now") == 20);
  CHECK(invocations(events)[19].time < 100ms);
}

TEST_CASE("generators: stagger keeps its mean rate") {
  const auto events = invocations(simulate(time_limit(10s, stagger(10ms, endless("read"))), 10));
  CHECK(events.size() > 900);
  CHECK(events.size() < 1100);
}

TEST_CASE("generators: phases wait until every thread is free") {
  std::vector<GeneratorPtr> parts;
  parts.push_back(limit(5, endless("first")));
  parts.push_back(limit(5, endless("second")));
  const auto events = simulate(phases(std::move(parts)), 3);
  int open = 0;
  for (const Event& event : events) {
    if (event.type == EventType::invoke && event.f == "second" && count(events, "second") == 5) {
      CHECK(open >= 0);
    }
    if (event.f == "first") open += event.type == EventType::invoke ? 1 : -1;
    if (event.f == "second") CHECK(open == 0);
  }
  CHECK(count(events, "first") == 5);
  CHECK(count(events, "second") == 5);
}

TEST_CASE("generators: reserve gives each generator its own threads") {
  std::vector<Reserved> reserved;
  reserved.push_back({2, endless("write")});
  const auto events =
      invocations(simulate(time_limit(50ms, reserve(std::move(reserved), endless("read"))), 5));
  std::set<int> writers;
  std::set<int> readers;
  for (const Event& event : events) {
    (event.f == "write" ? writers : readers).insert(static_cast<int>(event.process));
  }
  CHECK(writers == std::set<int>{0, 1});
  CHECK(readers == std::set<int>{2, 3, 4});
}

TEST_CASE("generators: reserve ends when all of its parts have ended") {
  std::vector<Reserved> reserved;
  reserved.push_back({1, limit(3, endless("write"))});
  const auto events = simulate(reserve(std::move(reserved), limit(2, endless("read"))), 2);
  CHECK(count(events, "write") == 3);
  CHECK(count(events, "read") == 2);
}

TEST_CASE("generators: concurrent_keys keeps groups of threads on keys of their own") {
  const auto events = invocations(
      simulate(concurrent_keys(2, 6, [](KeyNumber) { return limit(10, endless("read")); }), 4));
  CHECK(events.size() == 60);
  std::map<std::int64_t, std::set<int>> groups;
  std::map<std::int64_t, int> per_key;
  for (const Event& event : events) {
    REQUIRE(event.key.has_value());
    const auto* key = event.key->get_if<std::int64_t>();
    REQUIRE(key != nullptr);
    groups[*key].insert(static_cast<int>(event.process) / 2);
    ++per_key[*key];
  }
  CHECK(per_key.size() == 6);
  for (const auto& [key, n] : per_key) {
    CAPTURE(key);
    CHECK(n == 10);
    CHECK(groups[key].size() == 1);
  }
}

TEST_CASE("generators: the same seed gives the same plan") {
  const auto plan = [](std::uint64_t seed) {
    std::vector<GeneratorPtr> parts;
    parts.push_back(endless("a"));
    parts.push_back(endless("b"));
    std::string text;
    for (const Event& event : simulate(limit(200, stagger(1ms, mix(std::move(parts)))), 3, seed)) {
      text += event.f + std::to_string(event.time.count()) + " ";
    }
    return text;
  };
  CHECK(plan(4) == plan(4));
  CHECK(plan(4) != plan(5));
}

}  // namespace assay
