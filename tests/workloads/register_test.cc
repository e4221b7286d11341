#include <doctest/doctest.h>

#include <map>
#include <set>

#include "harness/generators.h"
#include "harness/scheduler.h"
#include "harness/simulated_workers.h"
#include "workloads/workload.h"

namespace assay {
namespace {

std::map<std::string, std::string> fallbacks(const WorkloadEntry& entry) {
  std::map<std::string, std::string> options;
  for (const auto& option : entry.options) {
    options[std::string(option.name)] = std::string(option.fallback);
  }
  return options;
}

const WorkloadEntry& entry() { return workloads().front(); }

/// A single register a key that is never wrong, under a simulated clock.
std::vector<Event> run_register(const std::map<std::string, std::string>& options, int operations) {
  auto workload = entry().make({.threads = 10, .nodes = 5, .options = options});
  REQUIRE(workload.ok());
  std::map<std::int64_t, Value> store;
  SimulatedWorkers workers(10, [&](int, ProcessId, const Invocation& invocation) {
    Value& cell = store[*invocation.key->get_if<std::int64_t>()];
    Completion completion{EventType::ok, invocation.value, ""};
    if (invocation.f == "read") {
      completion.value = cell;
    } else if (invocation.f == "write") {
      cell = invocation.value;
    } else {
      const auto& pair = *invocation.value.get_if<Value::List>();
      if (cell == pair[0]) {
        cell = pair[1];
      } else {
        completion = {EventType::fail, {}, std::string(unmet_precondition)};
      }
    }
    return SimulatedWorkers::Outcome{completion, std::chrono::milliseconds(1)};
  });
  Plan plan;
  plan.generator = limit(static_cast<std::uint64_t>(operations), std::move(workload->generator));
  std::vector<Event> events;
  SchedulerOptions scheduler;
  scheduler.random = Random(11);
  REQUIRE(run_plan(
              std::move(plan), workers,
              [&](const Event& event) {
                events.push_back(event);
                return Status();
              },
              scheduler)
              .ok());
  return events;
}

}  // namespace

TEST_CASE("register workload: written values are unique within a key") {
  std::set<std::pair<std::int64_t, std::int64_t>> written;
  for (const Event& event : run_register(fallbacks(entry()), 5'000)) {
    if (event.type != EventType::invoke || event.f == "read") continue;
    const auto key = *event.key->get_if<std::int64_t>();
    const auto* pair = event.value.get_if<Value::List>();
    const Value& value = pair != nullptr ? pair->back() : event.value;
    CHECK(written.insert({key, *value.get_if<std::int64_t>()}).second);
  }
  CHECK(written.size() > 1'000);
}

TEST_CASE(
    "register workload: all three functions occur, and a fair part of the cas succeed under "
    "contention") {
  std::map<std::string, int> ok;
  std::map<std::string, int> invoked;
  for (const Event& event : run_register(fallbacks(entry()), 5'000)) {
    if (event.type == EventType::ok) ++ok[event.f];
    if (event.type == EventType::invoke) ++invoked[event.f];
  }
  CHECK(invoked["read"] > 2'000);
  CHECK(invoked["write"] > 1'500);
  CHECK(invoked["cas"] > 500);
  CHECK(ok["cas"] * 8 > invoked["cas"]);
}

TEST_CASE("register workload: options out of range are refused with their name") {
  for (const auto& [name, text] : std::map<std::string, std::string>{
           {"write-share", "1.5"}, {"cas-share", "x"}, {"ops-per-key", "0"}, {"values", "0"}}) {
    CAPTURE(name);
    auto options = fallbacks(entry());
    options[name] = text;
    const auto workload = entry().make({.threads = 10, .nodes = 5, .options = options});
    REQUIRE_FALSE(workload.ok());
    CHECK(workload.error().kind == ErrorKind::configuration);
    CHECK(workload.error().message.find(name) != std::string::npos);
  }
}

}  // namespace assay
