#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "files.h"
#include "history/history.h"
#include "random_history.h"

namespace assay {
namespace {

Event event(std::uint64_t index, int process, EventType type, const char* f, Value value = {}) {
  Event e;
  e.index = index;
  e.process = static_cast<ProcessId>(process);
  e.type = type;
  e.f = f;
  e.value = std::move(value);
  return e;
}

std::string error_of(const std::vector<Event>& events, HistoryInfo info = {}) {
  HistoryBuilder builder(std::move(info));
  for (const Event& e : events) {
    if (auto status = builder.add(e); !status) {
      CHECK(status.error().kind == ErrorKind::bad_data);
      return status.error().message;
    }
  }
  auto history = builder.finish();
  return history ? "" : history.error().message;
}

using testing::contains;

constexpr auto invoke = EventType::invoke;
constexpr auto ok = EventType::ok;
constexpr auto fail = EventType::fail;
constexpr auto info = EventType::info;

}  // namespace

TEST_CASE("builder: an operation is an invocation with its completion") {
  const History history = testing::build(
      {event(3, 0, invoke, "write", 7), event(4, 1, invoke, "read"), event(6, 0, ok, "write", 7),
       event(9, 1, ok, "read", 7), event(11, 2, invoke, "cas", Value::List{7, 8})});
  REQUIRE(history.size() == 3);
  const Operation write = history[0];
  CHECK(write.invoke_event == 3);
  CHECK(write.complete_event == 6);
  CHECK(write.outcome == Outcome::ok);
  CHECK(write.invoked == unknown_time);
  CHECK(write.completed == unknown_time);
  CHECK(history.function_name(write.function) == "write");
  CHECK(history.value(write.argument) == Value(7));
  CHECK(history[1].argument == nil_value);
  CHECK(history[1].result == write.argument);
  const Operation cas = history[2];
  CHECK(cas.outcome == Outcome::info);
  CHECK(cas.complete_event == no_event);
  CHECK(cas.completed == unknown_time);
  CHECK(history.interval(2).start == 11);
  CHECK(history.interval(2).end == never);
  CHECK(history.interval(0).end == 6);
  CHECK_FALSE(history.keyed());
  CHECK(history.key_count() == 1);
  CHECK(history.operations_on(0).size() == 3);
  CHECK(history.process_count() == 3);
  CHECK(history.duration() == Nanos(0));
  CHECK(history.function_named("cas") == cas.function);
  CHECK_FALSE(history.function_named("append").has_value());
}

TEST_CASE("builder: a failed or lost operation keeps its argument, and what it learned") {
  const History history =
      testing::build({event(0, 0, invoke, "write", 1), event(1, 0, fail, "write", "marker"),
                      event(2, 0, invoke, "write", 2), event(3, 0, info, "write", "marker")});
  CHECK(history.value(history[0].argument) == Value(1));
  CHECK(history.value(history[0].result) == Value("marker"));
  CHECK(history.interval(0).end == 1);
  CHECK(history.value(history[1].argument) == Value(2));
  CHECK(history[1].complete_event == 3);
  CHECK(history.interval(1).end == never);
}

TEST_CASE("builder: what cannot have happened is refused, naming the event") {
  CHECK(contains(
      error_of({event(0, 0, invoke, "read"), event(1, 0, ok, "read"), event(2, 0, ok, "read")}),
      "event 2: two completions"));
  CHECK(contains(
      error_of({event(0, 0, invoke, "read"), event(1, 0, info, "read"), event(2, 0, ok, "read")}),
      "event 2: two completions"));
  CHECK(contains(error_of({event(5, 3, ok, "read")}), "event 5: completion without an invocation"));
  CHECK(contains(error_of({event(0, 0, invoke, "read"), event(1, 0, invoke, "write")}),
                 "event 1: process 0 invokes write while its read of event 0 is still open"));
  CHECK(contains(error_of({event(0, 0, invoke, "read"), event(1, 0, ok, "write")}),
                 "event 1: process 0 completes write"));
  CHECK(contains(error_of({event(4, 0, invoke, "read"), event(4, 0, ok, "read")}),
                 "event 4: indices must increase"));
  CHECK(contains(error_of({event(4, -2, invoke, "read")}), "process -2 is negative"));
}

TEST_CASE("builder: a process may go on after info, as old logs do") {
  CHECK(error_of({event(0, 0, invoke, "read"), event(1, 0, info, "read"),
                  event(2, 0, invoke, "read"), event(3, 0, ok, "read", 1)})
            .empty());
}

TEST_CASE("builder: a completion on another key than its invocation is refused") {
  auto first = event(0, 0, invoke, "read");
  first.key = "x";
  auto second = event(1, 0, ok, "read");
  CHECK(error_of({first, second}).empty());
  second.key = "y";
  CHECK(contains(error_of({first, second}), "on key \"y\""));
}

TEST_CASE("builder: faults are kept apart and need no pairs") {
  const History history = testing::build({event(0, -1, info, "start"), event(1, -1, info, "start"),
                                          event(2, 0, invoke, "read"), event(3, -1, info, "stop")});
  CHECK(history.size() == 1);
  REQUIRE(history.faults().size() == 3);
  CHECK(history.faults()[2].f == "stop");
  CHECK(history.faults()[2].type == info);
}

TEST_CASE("builder: times decide the order if all events have them, else the positions do") {
  HistoryInfo timed;
  timed.real_time = RealTime::time;
  auto a = event(0, 0, invoke, "read");
  auto b = event(1, 0, ok, "read");
  a.time = Nanos(100);
  b.time = Nanos(250);
  {
    const History history = testing::build({a, b}, timed);
    CHECK(history.interval(0).start == 100);
    CHECK(history.interval(0).end == 250);
    CHECK(history.duration() == Nanos(250));
    CHECK(history[0].completed == Nanos(250));
  }
  b.time = unknown_time;
  const History mixed = testing::build({a, b}, timed);
  CHECK(mixed.info().real_time == RealTime::position);
  CHECK(mixed.info().notes.size() == 1);
  CHECK(mixed.interval(0).end == 1);
  CHECK(mixed[0].completed == unknown_time);
  b.time = Nanos(99);
  CHECK(contains(error_of({a, b}, timed), "event 1: the time of process 0 goes back"));
  CHECK(error_of({a, b}).empty());
}

TEST_CASE("builder: times and indices beyond 32 bits apart are exact") {
  auto a = event(1, 0, invoke, "read");
  auto b = event(std::uint64_t{1} << 40U, 0, ok, "read");
  a.time = Nanos(5);
  b.time = Nanos(std::numeric_limits<std::int64_t>::max());
  const History history = testing::build({a, b});
  CHECK(history[0].complete_event == std::uint64_t{1} << 40U);
  CHECK(history[0].completed == b.time);
}

TEST_CASE("history: equal values have equal ids, different values different ones") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const History history = testing::build(testing::random_events(random, {.events = 400}));
    std::vector<ValueId> ids;
    for (OpIndex i = 0; i < history.size(); ++i) {
      ids.push_back(history[i].argument);
      ids.push_back(history[i].result);
    }
    for (const ValueId a : ids) {
      REQUIRE(history.find(history.value(a)) == a);
      const ValueId b = random.pick(ids);
      REQUIRE((a == b) == (history.value(a) == history.value(b)));
    }
  }
  const History empty = testing::build({});
  CHECK(empty.find(Value()) == nil_value);
  CHECK(empty.find(Value(5)).has_value());
  CHECK_FALSE(empty.find(Value("x")).has_value());
  CHECK(empty.size() == 0);
  CHECK(empty.operations_on(0).empty());
}

TEST_CASE("history: pairs of integers come back whatever their size, and stay different") {
  const std::int64_t limit = std::int64_t{1} << 30U;
  std::vector<Event> events;
  std::vector<Value> written;
  for (const std::int64_t a : {std::int64_t{0}, std::int64_t{-1}, limit - 1, limit, -limit,
                               -limit - 1, std::int64_t{INT64_MAX}, std::int64_t{INT64_MIN}}) {
    for (const std::int64_t b : {std::int64_t{0}, std::int64_t{-1}, limit - 1, limit, -limit}) {
      written.push_back(Value::List{a, b});
      Event event;
      event.index = events.size();
      event.process = ProcessId{static_cast<std::int32_t>(events.size())};
      event.f = "cas";
      event.value = written.back();
      events.push_back(event);
    }
  }
  const History history = testing::build(events);
  REQUIRE(history.size() == written.size());
  for (OpIndex i = 0; i < history.size(); ++i) {
    CAPTURE(i);
    CHECK(history.value(history[i].argument) == written[i]);
    CHECK(history.find(written[i]) == history[i].argument);
    for (OpIndex j = 0; j < i; ++j) CHECK(history[i].argument != history[j].argument);
  }
}

TEST_CASE("history: operations on a key are exactly those that name it, ascending") {
  Random random(7);
  const History history =
      testing::build(testing::random_events(random, {.events = 600, .keyed = true}));
  REQUIRE(history.keyed());
  std::size_t total = 0;
  for (KeyId key = 0; key < history.key_count(); ++key) {
    const auto operations = history.operations_on(key);
    CHECK(std::is_sorted(operations.begin(), operations.end()));
    for (const OpIndex i : operations) CHECK(history[i].key == key);
    total += operations.size();
  }
  CHECK(total == history.size());
}

TEST_CASE("history: an operation without a key in a keyed history is on no key") {
  auto a = event(0, 0, invoke, "read");
  auto b = event(1, 1, invoke, "read");
  b.key = Value();
  const History history = testing::build({a, b});
  CHECK(history.keyed());
  CHECK(history[0].key == no_key);
  CHECK(history[1].key == 0);
  CHECK(history.operations_on(0).size() == 1);
}

TEST_CASE("history: events gives back what was added") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    auto events = testing::random_events(random, {.events = 300, .keyed = seed % 2 == 0});
    // The value of a failed or lost completion is its invocation's.
    const auto again = testing::build(events).events();
    REQUIRE(again.size() == events.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      REQUIRE(testing::show(again[i]) == testing::show(events[i]));
    }
  }
}

TEST_CASE("history: the digest depends on every part of an operation") {
  const auto digest = [](auto change) {
    std::vector<Event> events{event(0, 0, invoke, "write", 1), event(1, 1, invoke, "read"),
                              event(2, 0, ok, "write", 1), event(3, 1, ok, "read", "x")};
    for (Event& e : events) e.key = 1;
    change(events);
    return testing::build(events).digest();
  };
  std::set<std::string> digests{
      digest([](auto&) {}),
      digest([](auto& e) { e[3].index = 4; }),
      digest([](auto& e) { e[3].time = Nanos(4); }),
      digest([](auto& e) { e[1].process = e[3].process = ProcessId{7}; }),
      digest([](auto& e) { e[3].type = fail; }),
      digest([](auto& e) { e[1].f = e[3].f = "get"; }),
      digest([](auto& e) { e[0].value = 2; }),
      digest([](auto& e) { e[3].value = "y"; }),
      digest([](auto& e) { e[1].key = e[3].key = 2; }),
      digest([](auto& e) { e[1].key = e[3].key = std::nullopt; }),
      digest([](auto& e) { e.pop_back(); }),
  };
  CHECK(digests.size() == 11);
  CHECK(digest([](auto&) {}) == digest([](auto& e) { e[0].node = "n1"; }));
}

}  // namespace assay
