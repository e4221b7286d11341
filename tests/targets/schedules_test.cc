// The runner of schedules, against a store of one value under one lock.
#include "targets/sql/schedules.h"

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "targets/postgres/dialect.h"

namespace assay::sql {
namespace {

struct Store {
  std::mutex mutex;
  std::condition_variable released;
  bool locked = false;
  std::string value = "0";
};

class Session final : public Connection {
 public:
  explicit Session(Store& store) : store_(store) {}

  Answer execute(const std::string& statement, Nanos /*deadline*/) override {
    Answer answer;
    answer.kind = Answer::Kind::ok;
    std::unique_lock lock(store_.mutex);
    if (statement.starts_with("WRITE ")) {
      if (store_.locked) {
        store_.released.wait(lock, [this] { return !store_.locked; });
        // Who has waited is not the first to run again: a server's threads wake when they may.
        lock.unlock();
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        lock.lock();
      }
      store_.locked = true;
      store_.value = statement.substr(6);
    } else if (statement == "COMMIT") {
      store_.locked = false;
      store_.released.notify_all();
    } else if (statement.starts_with("SELECT")) {
      answer.rows.push_back({"1", store_.value});
    }
    return answer;
  }
  bool is_open() const override { return true; }

 private:
  Store& store_;
};

}  // namespace

TEST_CASE("schedules: what waited goes on before the next statement is given") {
  Store store;
  const Schedule schedule{
      "OTV",
      false,
      {{1, "WRITE 1"}, {2, "WRITE 2"}, {1, "COMMIT"}, {3, "SELECT"}, {2, "COMMIT"}, {3, "COMMIT"}},
      [](const ScheduleOutcome& outcome) { return outcome.read(3, "2"); }};
  const auto outcome =
      run_schedule(schedule, postgres::dialect(), Isolation::read_committed, [&store]() -> Opened {
        Answer answer;
        answer.kind = Answer::Kind::ok;
        return {std::make_unique<Session>(store), answer};
      });
  REQUIRE(outcome.ok());
  CHECK(outcome->all_committed());
  CHECK(schedule.shows(*outcome));
}

}  // namespace assay::sql
