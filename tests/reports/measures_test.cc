// Measures of a history that was made by hand, so that each number can be counted.
#include "reports/measures.h"

#include <doctest/doctest.h>

#include <string>

namespace assay {
namespace {

/// Writes on one key by process 0 unless said otherwise; a fault of one kind.
class Story {
 public:
  Story() : builder_(info()) {}

  void operation(std::int64_t from_ms, std::int64_t to_ms, EventType end, int process = 0) {
    add(from_ms, process, EventType::invoke, "write");
    add(to_ms, process, end, "write");
  }
  void add(std::int64_t ms, int process, EventType type, const std::string& f) {
    Event event;
    event.index = next_++;
    event.time = Nanos(ms * 1'000'000);
    event.process = ProcessId{process};
    event.type = type;
    event.f = f;
    event.value = Value(1);
    REQUIRE(builder_.add(event).ok());
  }
  void fault(std::int64_t ms, const std::string& f) {
    add(ms, -1, EventType::invoke, f);
    add(ms, -1, EventType::ok, f);
  }
  History finish() {
    auto history = builder_.finish();
    REQUIRE(history.ok());
    return std::move(*history);
  }

 private:
  static HistoryInfo info() {
    HistoryInfo info;
    info.real_time = RealTime::time;
    return info;
  }
  HistoryBuilder builder_;
  std::uint64_t next_ = 0;
};

double measure(const History& history, const char* name) { return find_measure(name)->of(history); }

/// 0–2 s fine; a partition from 2 to 4.2 s, in which two operations fail; the next answer comes
/// at 4.7 s; in the seventh second nothing is acknowledged.
History broken() {
  Story story;
  story.operation(100, 200, EventType::ok);
  story.operation(1100, 1120, EventType::ok);
  story.fault(2000, "start-partition");
  story.operation(2500, 2600, EventType::fail);
  story.operation(3900, 4200, EventType::fail);
  story.fault(4200, "stop-partition");
  story.operation(4300, 4700, EventType::ok);
  story.operation(5100, 5130, EventType::ok);
  story.operation(6100, 6200, EventType::fail);
  story.operation(7900, 8000, EventType::ok);
  return story.finish();
}

}  // namespace

TEST_CASE("measures: time under faults is told from time without") {
  const History history = broken();
  CHECK(measure(history, "operations") == 8);
  // Invoked outside faults: 6, of which one failed.
  CHECK(measure(history, "acknowledged-outside-faults") == doctest::Approx(5.0 / 6));
  // 5 in 8 s less 2.2 s of partition.
  CHECK(measure(history, "throughput") == doctest::Approx(5 / 5.8));
  CHECK(measure(history, "p99-s") == doctest::Approx(0.4));
  CHECK(measure(history, "recovery-s") == doctest::Approx(0.5));
  // Seconds wholly outside faults in which something was asked: 0, 1, 5, 6 and 7; not in 6.
  CHECK(measure(history, "availability") == doctest::Approx(4.0 / 5));
  CHECK(in_flight_under_faults(history).at("partition") == 2);
  CHECK(acknowledged_by_function(history).at("write") == 5);
  CHECK(measures_of(history).size() == measures().size());
}

TEST_CASE("measures: contention counts who met another one on the same object") {
  Story story;
  story.add(0, 0, EventType::invoke, "write");
  story.add(10, 1, EventType::invoke, "write");
  story.add(20, 0, EventType::ok, "write");
  story.add(30, 1, EventType::ok, "write");
  story.operation(40, 50, EventType::ok);
  story.operation(60, 70, EventType::ok);
  CHECK(measure(story.finish(), "contention") == doctest::Approx(0.5));
}

TEST_CASE("measures: a history in which nothing happened has no number that looks good") {
  Story story;
  story.add(0, 0, EventType::invoke, "read");
  const History history = story.finish();
  CHECK(measure(history, "throughput") == 0);
  CHECK(measure(history, "acknowledged-outside-faults") == 0);
  CHECK(measure(history, "availability") == 0);
  CHECK(acknowledged_by_function(history).at("read") == 0);
}

}  // namespace assay
