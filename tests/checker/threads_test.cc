// What a check says does not depend on how many threads it has: histories that are large enough to
// be divided among them.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "checker/checker.h"

namespace assay {
namespace {

constexpr std::size_t clients = 8;

/// A store whose operations take effect as they return, under eight clients. With `stale`, one late
/// read returns what was there before.
class Store {
 public:
  Store(std::string datatype, std::size_t operations, bool stale, std::uint64_t seed)
      : datatype_(std::move(datatype)),
        operations_(operations),
        planted_(!stale),
        random_(seed),
        objects_(datatype_ == "register" ? 40 : operations) {}

  History run() {
    HistoryInfo info;
    info.datatype = datatype_;
    HistoryBuilder builder(std::move(info));
    std::vector<Event> open(clients);
    std::vector<bool> busy(clients, false);
    std::size_t started = 0;
    std::uint64_t index = 0;
    while (started < operations_ || std::count(busy.begin(), busy.end(), true) != 0) {
      const std::size_t client = random_.below(clients);
      Event& event = open[client];
      if (!busy[client]) {
        if (started == operations_) continue;
        event = Event{};
        event.process = static_cast<ProcessId>(client);
        datatype_ == "register" ? begin(event) : begin_transaction(event, started);
        event.type = EventType::invoke;
        ++started;
      } else {
        late_ = started > operations_ / 2;
        datatype_ == "register" ? finish(event) : finish_transaction(event);
        event.type = EventType::ok;
      }
      busy[client] = !busy[client];
      event.index = index++;
      REQUIRE(builder.add(event).ok());
    }
    auto history = builder.finish();
    REQUIRE(history.ok());
    return std::move(history).value();
  }

 private:
  void begin(Event& event) {
    event.key = Value(random_.between(0, 39));
    event.f = random_.chance(0.5) ? "read" : "write";
    if (event.f == "write") event.value = Value(++next_);
  }
  void finish(Event& event) {
    auto& object = objects_[static_cast<std::size_t>(*event.key->get_if<std::int64_t>())];
    if (event.f == "write") {
      object.push_back(event.value);
    } else if (!object.empty()) {
      event.value = spoils(object) ? object[object.size() - 3] : object.back();
    }
  }

  /// Two appends or reads of two of the newest keys.
  void begin_transaction(Event& event, std::size_t started) {
    event.f = "txn";
    Value::List operations;
    for (int i = 0; i < 2; ++i) {
      const auto key = static_cast<std::int64_t>(started / 16 + random_.below(4));
      const bool append = random_.chance(0.5);
      operations.push_back(
          Value::List{append ? "append" : "r", key, append ? Value(++next_) : Value()});
    }
    event.value = std::move(operations);
  }
  void finish_transaction(Event& event) {
    for (Value& operation : *event.value.get_if<Value::List>()) {
      auto& parts = *operation.get_if<Value::List>();
      auto& object = objects_[static_cast<std::size_t>(*parts[1].get_if<std::int64_t>())];
      if (parts[0] == Value("append")) {
        object.push_back(parts[2]);
      } else {
        const bool stale = spoils(object);
        parts[2] = Value(Value::List(object.begin(), object.end() - (stale ? 2 : 0)));
      }
    }
  }
  bool spoils(const std::vector<Value>& object) {
    if (planted_ || !late_ || object.size() < 4) return false;
    return planted_ = true;
  }

  std::string datatype_;
  std::size_t operations_;
  bool planted_;
  bool late_ = false;
  Random random_;
  std::vector<std::vector<Value>> objects_;
  std::int64_t next_ = 0;
};

/// The verdict of one thread, which two and three must repeat.
Verdict check_same(const History& history, const std::string& model) {
  CAPTURE(history.info().datatype);
  CAPTURE(model);
  CheckOptions options;
  options.models = {model};
  options.threads = 1;
  const auto alone = check(history, options);
  REQUIRE(alone.ok());
  for (const int threads : {2, 3}) {
    options.threads = threads;
    const auto together = check(history, options);
    REQUIRE(together.ok());
    CHECK(together->verdict == alone->verdict);
    CHECK(together->unknown_because == alone->unknown_because);
    REQUIRE(together->anomalies.size() == alone->anomalies.size());
    for (std::size_t i = 0; i < alone->anomalies.size(); ++i) {
      CHECK(together->anomalies[i].type == alone->anomalies[i].type);
      CHECK(together->anomalies[i].key == alone->anomalies[i].key);
      CHECK(together->anomalies[i].witness == alone->anomalies[i].witness);
      CHECK(together->anomalies[i].explanation == alone->anomalies[i].explanation);
    }
  }
  return alone->verdict;
}

}  // namespace

TEST_CASE("threads: registers") {
  for (const bool stale : {false, true}) {
    const History history = Store("register", 40'000, stale, 1).run();
    const Verdict verdict = stale ? Verdict::violation : Verdict::pass;
    CHECK(check_same(history, "linearizable") == verdict);
    for (const char* model : {"causal-convergence", "writes-follow-reads"}) {
      const Verdict weak = check_same(history, model);
      if (!stale) CHECK(weak == Verdict::pass);
    }
  }
}

TEST_CASE("threads: lists") {
  for (const bool stale : {false, true}) {
    // More than two of the parts in which transactions are read.
    const History history = Store("list-append", 45'000, stale, 2).run();
    const Verdict verdict = stale ? Verdict::violation : Verdict::pass;
    CHECK(check_same(history, "strict-serializable") == verdict);
    const Verdict weak = check_same(history, "read-committed");
    if (!stale) CHECK(weak == Verdict::pass);
  }
}

}  // namespace assay
