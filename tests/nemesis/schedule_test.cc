#include "nemesis/schedule.h"

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <set>
#include <string>

#include "nemesis/registry.h"

namespace assay {
namespace {

using namespace std::chrono_literals;

struct Step {
  Nanos at;
  std::string f;
  Value value;
};

/// Runs a schedule without waiting: time jumps to when the generator wants to be asked again.
std::vector<Step> simulate(const std::vector<std::string>& names, std::uint64_t seed, Nanos until,
                           std::size_t nodes = 5) {
  NemesisSettings settings;
  settings.seed = seed;
  const GeneratorPtr schedule = fault_schedule(names, nodes, settings);
  Random unused(0);
  const std::array<int, 1> free{0};
  std::vector<Step> steps;
  for (Nanos now{0}; now < until;) {
    const Next next = schedule->next({now, free, 1, &unused});
    if (const auto* pending = std::get_if<Pending>(&next)) {
      REQUIRE(pending->at > now);
      now = pending->at;
      continue;
    }
    const auto* invoke = std::get_if<Invoke>(&next);
    REQUIRE(invoke != nullptr);
    CHECK(invoke->thread == 0);
    steps.push_back({now, invoke->invocation.f, invoke->invocation.value});
  }
  return steps;
}

const std::vector<std::string> four{"partition", "kill", "pause", "clock"};

TEST_CASE("schedule: each fault alternates between start and stop") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    std::map<std::string, bool> in_force;
    for (const Step& step : simulate(four, seed, 300s)) {
      const bool start = step.f.starts_with("start-");
      const std::string name = step.f.substr(start ? 6 : 5);
      CHECK(in_force[name] != start);
      in_force[name] = start;
      CHECK(step.value.is_nil() != start);
    }
    CHECK(in_force.size() == 4);
  }
}

TEST_CASE("schedule: all four faults start within twenty seconds, whatever the seed") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    std::set<std::string> started;
    for (const Step& step : simulate(four, seed, 15s)) {
      if (step.f.starts_with("start-")) started.insert(step.f);
    }
    CHECK(started.size() == 4);
  }
}

TEST_CASE("schedule: at most half of the faults are in force at a time") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    int in_force = 0;
    int most = 0;
    for (const Step& step : simulate(four, seed, 300s)) {
      in_force += step.f.starts_with("start-") ? 1 : -1;
      most = std::max(most, in_force);
    }
    CHECK(most == 2);
  }
}

TEST_CASE("schedule: spans last between half an interval and one and a half") {
  const auto steps = simulate({"kill"}, 3, 300s);
  REQUIRE(steps.size() > 40);
  for (std::size_t i = 1; i < steps.size(); ++i) {
    CHECK(steps[i].at - steps[i - 1].at >= 2500ms);
    CHECK(steps[i].at - steps[i - 1].at <= 7500ms);
  }
}

TEST_CASE("schedule: a step leaves the one before it time to take longer when it is repeated") {
  const GeneratorPtr schedule = fault_schedule(four, 5, {});
  Random unused(0);
  const std::array<int, 1> free{0};
  Nanos ended{-1s};
  for (Nanos now{0}; now < 200s;) {
    const Next next = schedule->next({now, free, 1, &unused});
    if (const auto* pending = std::get_if<Pending>(&next)) {
      now = pending->at;
      continue;
    }
    CHECK(now >= ended + 500ms);
    // So slow that the next one is often due already.
    ended = now += 2s;
    Event event;
    event.type = EventType::ok;
    schedule->observe({now, free, 1, &unused}, 0, event);
  }
  CHECK(ended > 190s);
}

TEST_CASE("schedule: the seed fixes times and parameters") {
  const auto a = simulate(four, 7, 100s);
  const auto b = simulate(four, 7, 100s);
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].at == b[i].at);
    CHECK(a[i].f == b[i].f);
    CHECK(a[i].value == b[i].value);
  }
  const auto other = simulate(four, 8, 100s);
  CHECK((other.front().at != a.front().at || other.front().value != a.front().value));
}

TEST_CASE("schedule: adding a fault leaves the parameters of another as they were") {
  const auto parameters_of = [](const std::vector<Step>& steps) {
    std::vector<Value> values;
    for (const Step& step : steps) {
      if (step.f == "start-clock" && values.size() < 3) values.push_back(step.value);
    }
    return values;
  };
  const auto alone = parameters_of(simulate({"clock"}, 5, 300s));
  REQUIRE(alone.size() == 3);
  CHECK(alone == parameters_of(simulate({"kill", "clock"}, 5, 300s)));
}

TEST_CASE("schedule: kill and pause mostly leave a majority alone") {
  std::size_t starts = 0;
  std::size_t survivable = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (const Step& step : simulate({"kill", "pause"}, seed, 300s)) {
      const Value* nodes = find(step.value, "nodes");
      if (nodes == nullptr) continue;
      ++starts;
      if (nodes->get_if<Value::List>()->size() <= 2) ++survivable;
    }
  }
  REQUIRE(starts > 500);
  CHECK(survivable > starts * 8 / 10);
  CHECK(survivable < starts);
}

TEST_CASE("schedule: clock offsets range from milliseconds to minutes in both directions") {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::size_t below_a_second = 0;
  for (const Step& step : simulate({"clock"}, 1, 3000s)) {
    const Value* offset = find(step.value, "offset_ms");
    if (offset == nullptr) continue;
    const std::int64_t ms = *offset->get_if<std::int64_t>();
    CHECK(ms != 0);
    least = std::min(least, ms);
    most = std::max(most, ms);
    if (std::abs(ms) < 1000) ++below_a_second;
  }
  CHECK(least < -60'000);
  CHECK(most > 60'000);
  CHECK(least >= -300'000);
  CHECK(most <= 300'000);
  CHECK(below_a_second > 20);
}

TEST_CASE("registry: every fault has a name of its own and words for people") {
  std::set<std::string_view> names;
  for (const FaultEntry& fault : faults()) {
    CHECK(names.insert(fault.name).second);
    CHECK_FALSE(fault.summary.empty());
  }
}

TEST_CASE("schedule: a selector says which nodes are hit, and leaves the rest as it was") {
  const auto plain = simulate({"cpu"}, 3, 200s);
  const auto chosen = [&](const std::string& selector) {
    std::set<std::string> nodes;
    for (const Step& step : simulate({"cpu:" + selector}, 3, 200s)) {
      if (!step.f.starts_with("start-")) continue;
      CHECK(find(step.value, "percent") != nullptr);
      nodes.insert(to_text(*find(step.value, "nodes")));
    }
    return nodes;
  };
  CHECK(plain.front().f == "start-cpu");
  CHECK(chosen("n1+n3") == std::set<std::string>{"[0 2]"});
  CHECK(chosen("all") == std::set<std::string>{"[0 1 2 3 4]"});
  for (const std::string& nodes : chosen("minority")) CHECK(nodes.size() == 5);
  CHECK(chosen("one").size() > 2);
}

}  // namespace
}  // namespace assay
