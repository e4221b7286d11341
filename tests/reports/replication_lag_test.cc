// Replication lag from reads: by hand, and against the definition on random histories.

#include "reports/replication_lag.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/random.h"

namespace assay {
namespace {

struct Call {
  int process;
  const char* f;
  Value value;
  std::int64_t start;
  std::int64_t end;
  EventType how = EventType::ok;
  const char* node = "n1";
};

History history_of(const std::vector<Call>& calls) {
  struct Moment {
    std::int64_t at;
    bool end;
    const Call* call;
  };
  std::vector<Moment> moments;
  for (const Call& call : calls) {
    moments.push_back({call.start, false, &call});
    moments.push_back({call.end, true, &call});
  }
  std::stable_sort(moments.begin(), moments.end(),
                   [](const Moment& a, const Moment& b) { return a.at < b.at; });
  HistoryInfo info;
  info.datatype = "register";
  info.initial = Value(0);
  info.initial_declared = true;
  info.real_time = RealTime::time;
  info.format = "assay-jsonl";
  HistoryBuilder builder(info);
  std::uint64_t index = 0;
  for (const Moment& moment : moments) {
    const Call& call = *moment.call;
    Event event;
    event.index = index++;
    event.time = Nanos(moment.at);
    event.process = ProcessId{call.process};
    event.type = moment.end ? call.how : EventType::invoke;
    event.f = call.f;
    event.value = moment.end || std::string(call.f) != "read" ? call.value : Value();
    event.node = call.node;
    REQUIRE(builder.add(event).ok());
  }
  Result<History> history = builder.finish();
  REQUIRE(history.ok());
  return std::move(history).value();
}

std::vector<std::int64_t> lags(const History& history) {
  std::vector<std::int64_t> out;
  for (const StaleRead& each : stale_reads(history)) out.push_back(each.lag_ns);
  return out;
}

using Lags = std::vector<std::int64_t>;
const Value swap = Value(Value::List{Value(1), Value(2)});

}  // namespace

TEST_CASE("lag: from the end of the first write that overwrote what was read") {
  using enum EventType;
  const Call one{0, "write", Value(1), 10, 20};
  const Call two{0, "write", Value(2), 30, 40};
  const Call three{0, "write", Value(3), 50, 60};
  struct Row {
    const char* name;
    std::vector<Call> calls;
    Lags want;
  };
  const std::vector<Row> rows{
      {"fresh", {one, {1, "read", Value(1), 100, 110}}, {}},
      {"stale", {one, two, {1, "read", Value(1), 100, 110}}, {60}},
      {"two versions behind", {one, two, three, {1, "read", Value(1), 100, 110}}, {60}},
      {"the initial value", {one, two, {1, "read", Value(0), 100, 110}}, {80}},
      {"the read began before the write ended", {one, two, {1, "read", Value(1), 35, 110}}, {}},
      {"the writes are concurrent",
       {{0, "write", Value(1), 10, 35},
        {2, "write", Value(2), 30, 40},
        {1, "read", Value(1), 100, 110}},
       {}},
      {"overwritten by a write that may not have happened",
       {one, {0, "write", Value(2), 30, 40, info}, {1, "read", Value(1), 100, 110}},
       {}},
      {"a value that may be written late",
       {{0, "write", Value(1), 10, 20, info},
        {2, "write", Value(2), 30, 40},
        {1, "read", Value(1), 100, 110}},
       {}},
      {"a value that is written twice",
       {one, two, {0, "write", Value(1), 50, 60}, {1, "read", Value(1), 100, 110}},
       {}},
      {"overwritten by compare-and-set",
       {one, {0, "cas", swap, 30, 40}, {1, "read", Value(1), 100, 110}},
       {60}},
      {"a read that failed", {one, two, {1, "read", Value(1), 100, 110, fail}}, {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    CHECK(lags(history_of(row.calls)) == row.want);
  }
}

TEST_CASE("lag: over time, by the node that was read from") {
  const History history = history_of({{0, "write", Value(1), 10, 20},
                                      {0, "write", Value(2), 30, 40},
                                      {1, "read", Value(1), 100, 110, EventType::ok, "n2"},
                                      {2, "read", Value(2), 100, 120, EventType::ok, "n3"}});
  const std::vector<NodeLag> nodes = lag_over_time(history);
  REQUIRE(nodes.size() == 1);
  CHECK(nodes[0].node == "n2");
  CHECK(*std::max_element(nodes[0].most.begin(), nodes[0].most.end()) == 60);
  CHECK(lag_over_time(history_of({{0, "write", Value(1), 10, 20}})).empty());
}

TEST_CASE("lag: as the definition says, on random histories") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    std::vector<Call> calls;
    std::vector<std::int64_t> free_at(4, 0);
    for (int i = 0; i < 24; ++i) {
      const auto process = static_cast<std::size_t>(random.below(4));
      const std::int64_t start = free_at[process] + 1 + static_cast<std::int64_t>(random.below(9));
      const std::int64_t end = start + 1 + static_cast<std::int64_t>(random.below(9));
      free_at[process] = end;
      const bool writes = random.below(2) == 0;
      const auto value =
          writes ? i + 1 : static_cast<int>(random.below(static_cast<std::uint64_t>(i) + 1));
      calls.push_back(
          {static_cast<int>(process), writes ? "write" : "read", Value(value), start, end});
    }
    Lags want;
    for (const Call& read : calls) {
      if (read.f != std::string("read")) continue;
      std::int64_t written = read.value == Value(0) ? -1 : -2;
      for (const Call& each : calls) {
        if (each.f == std::string("write") && each.value == read.value) written = each.end;
      }
      if (written == -2) continue;  // nobody wrote it
      std::int64_t lag = 0;
      for (const Call& each : calls) {
        if (each.f == std::string("write") && each.start > written && each.end < read.start) {
          lag = std::max(lag, read.start - each.end);
        }
      }
      if (lag > 0) want.push_back(lag);
    }
    Lags got = lags(history_of(calls));
    std::sort(want.begin(), want.end());
    std::sort(got.begin(), got.end());
    CAPTURE(seed);
    CHECK(got == want);
  }
}

}  // namespace assay
