// The predicates workload against a table that is right, and against tables that are wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "harness/generators.h"
#include "harness/scheduler.h"
#include "harness/simulated_workers.h"
#include "history/history.h"
#include "workloads/workload.h"

namespace assay {
namespace {

using Table = std::map<std::int64_t, std::int64_t>;  ///< rows by id: the group

const WorkloadEntry& entry() {
  const auto all = workloads();
  return *std::find_if(all.begin(), all.end(),
                       [](const WorkloadEntry& each) { return each.name == "predicates"; });
}

std::int64_t number(const Value& value) { return *value.get_if<std::int64_t>(); }

/// Does one step; `hidden` rows are not found by a predicate.
void perform(Table& table, const std::set<std::int64_t>& hidden, Value& step) {
  auto& words = *step.get_if<Value::List>();
  const std::string f = *words[0].get_if<std::string>();
  if (f == "rp") {
    const std::int64_t group = number((*words[1].get_if<Value::List>())[1]);
    Value::Map found;
    for (const auto& [id, in] : table) {
      if (in == group && !hidden.contains(id)) found.emplace_back(id, in);
    }
    words[2] = found;
    return;
  }
  const std::int64_t id = number(words[1]);
  const auto row = table.find(id);
  if (f == "r") {
    words[2] = row == table.end() ? Value() : Value(row->second);
  } else if (f == "insert") {
    table[id] = number(words[2]);
  } else if (row == table.end()) {
    step = Value::List{"r", id, {}};
  } else if (f == "w") {
    row->second = number(words[2]);
  } else {
    table.erase(row);
  }
}

struct Run {
  std::vector<Event> events;
  CheckResult result;
};

/// `hides`: whether an inserted row stays hidden from predicates for ever.
Run run_against(const std::function<bool(std::int64_t id)>& hides, int operations) {
  WorkloadSettings settings{10, 1, {}};
  for (const auto& option : entry().options) {
    settings.options[std::string(option.name)] = std::string(option.fallback);
  }
  auto workload = entry().make(settings);
  REQUIRE(workload.ok());
  Table table;
  std::set<std::int64_t> hidden;
  SimulatedWorkers workers(10, [&](int, ProcessId, const Invocation& invocation) {
    Value result = invocation.value;
    if (invocation.f == "init") {
      for (const auto& [id, group] : *result.get_if<Value::Map>())
        table[number(id)] = number(group);
    } else {
      for (Value& step : *result.get_if<Value::List>()) {
        perform(table, hidden, step);
        const auto& words = *step.get_if<Value::List>();
        if (words[0] == Value("insert") && hides(number(words[1]))) hidden.insert(number(words[1]));
      }
    }
    return SimulatedWorkers::Outcome{{EventType::ok, std::move(result), ""},
                                     std::chrono::milliseconds(1)};
  });
  Plan plan;
  plan.generator = limit(static_cast<std::uint64_t>(operations), std::move(workload->generator));
  Run run;
  HistoryBuilder builder(workload->history);
  SchedulerOptions scheduler;
  scheduler.random = Random(3);
  REQUIRE(run_plan(
              std::move(plan), workers,
              [&](const Event& event) {
                run.events.push_back(event);
                return builder.add(event);
              },
              scheduler)
              .ok());
  auto history = builder.finish();
  REQUIRE(history.ok());
  auto result = check(*history, workload->check);
  REQUIRE(result.ok());
  run.result = *std::move(result);
  return run;
}

}  // namespace

TEST_CASE("predicates workload: a row is inserted, moved and deleted once at most") {
  std::set<std::pair<std::string, std::int64_t>> done;
  std::map<std::string, int> steps;
  for (const Event& event : run_against([](std::int64_t) { return false; }, 3'000).events) {
    if (event.type != EventType::invoke || event.f != "txn") continue;
    for (const Value& step : *event.value.get_if<Value::List>()) {
      const auto& words = *step.get_if<Value::List>();
      const std::string f = *words[0].get_if<std::string>();
      ++steps[f];
      if (f == "rp" || f == "r") continue;
      CHECK(done.insert({f, number(words[1])}).second);
    }
  }
  for (const char* f : {"rp", "r", "insert", "w", "delete"}) {
    CAPTURE(f);
    CHECK(steps[f] > 200);
  }
}

TEST_CASE("predicates workload: a table that is right passes") {
  const Run run = run_against([](std::int64_t) { return false; }, 3'000);
  CHECK(run.events.front().f == "init");
  CHECK(run.result.verdict == Verdict::pass);
}

TEST_CASE("predicates workload: rows that no predicate finds are a violation") {
  const Run run = run_against([](std::int64_t id) { return id % 5 == 0; }, 1'000);
  CHECK(run.result.verdict == Verdict::violation);
}

}  // namespace assay
