// A run that is checked while it goes: it stops at the first violation, heals, and its journal is
// whole.

#include "cli/live_check.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "checker/checker.h"
#include "harness/generators.h"
#include "harness/simulated_workers.h"
#include "history/formats/format.h"
#include "history/journal.h"

namespace assay::cli {
namespace {

using namespace std::chrono_literals;

struct Ran {
  Tally tally;
  bool stopped = false;
  bool healed = false;
  std::string news;
  Verdict verdict = Verdict::unknown;
};

/// Runs `operations` on one simulated object. When `doubtful` events are recorded, the run waits
/// until the checker has seen the violation that is among them; 0: it does not.
Ran run(const HistoryInfo& info, std::uint64_t operations, std::uint64_t doubtful,
        const std::function<Invocation(const Context&)>& make,
        SimulatedWorkers::Complete complete) {
  std::string folder = (std::filesystem::temp_directory_path() / "assay-live-XXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string path = folder + "/history.assay";
  auto journal = JournalWriter::create(path, info);
  REQUIRE(journal.ok());
  CheckOptions check_options;
  check_options.threads = 1;
  std::atomic<bool> stop{false};
  Ran ran;
  {
    LiveCheck live(info, check_options, path, [&] {
      stop = true;
      stop.notify_one();
    });
    SimulatedWorkers workers(4, std::move(complete));
    Plan plan;
    plan.generator = limit(operations, generate(make));
    plan.heal = [&] {
      ran.healed = true;
      return std::vector<StoppedFault>();
    };
    SchedulerOptions options;
    options.random = Random(1);
    options.stop = &stop;
    std::uint64_t recorded = 0;
    const auto tally = run_plan(
        std::move(plan), workers,
        [&](const Event& event) {
          const Status status = journal->append(event);
          live.record(event);
          if (++recorded == doubtful) {
            REQUIRE(journal->flush().ok());
            stop.wait(false);
          }
          return status;
        },
        options);
    REQUIRE(tally.ok());
    ran.tally = *tally;
    ran.news = live.news();
  }
  ran.stopped = stop;
  REQUIRE(journal->close().ok());
  const auto history = read_history(path, {});
  REQUIRE(history.ok());
  CHECK(history->size() == ran.tally.invoked);
  const auto result = check(*history, check_options);
  REQUIRE(result.ok());
  ran.verdict = result->verdict;
  std::filesystem::remove_all(folder);
  return ran;
}

HistoryInfo info_of(const std::string& datatype) {
  HistoryInfo info;
  info.datatype = datatype;
  info.real_time = RealTime::time;
  return info;
}

/// A register that answers the 200th read with a value it no longer has, if it is `stale`.
Ran run_register(bool stale, std::uint64_t doubtful) {
  std::int64_t written = 0;
  std::int64_t state = 0;
  int reads = 0;
  HistoryInfo info = info_of("register");
  info.initial = Value(0);
  return run(
      info, 2'000, doubtful,
      [&](const Context& context) {
        if (context.random->chance(0.5)) return Invocation{"read", {}, {}};
        return Invocation{"write", {}, Value(++written)};
      },
      [&](int, ProcessId, const Invocation& invocation) -> SimulatedWorkers::Outcome {
        if (invocation.f == "write") {
          state = *invocation.value.get_if<std::int64_t>();
          return {{EventType::ok, invocation.value, ""}, 0ns};
        }
        const bool wrong = stale && ++reads == 200;
        return {{EventType::ok, Value(wrong ? std::int64_t{1} : state), ""}, 0ns};
      });
}

}  // namespace

TEST_CASE("live check: a violation stops the run, which heals and leaves a whole journal") {
  const Ran ran = run_register(true, 1'500);
  CHECK(ran.stopped);
  CHECK(ran.healed);
  CHECK(ran.tally.invoked < 1'000);
  CHECK(ran.news == "a violation was seen: the run stops");
  CHECK(ran.verdict == Verdict::violation);
}

TEST_CASE("live check: a good run goes to its end") {
  const Ran ran = run_register(false, 0);
  CHECK_FALSE(ran.stopped);
  CHECK(ran.tally.invoked == 2'000);
  CHECK(ran.news.empty());
  CHECK(ran.verdict == Verdict::pass);
}

TEST_CASE("live check: a queue is looked at again while the run goes") {
  std::int64_t put = 0;
  std::deque<std::int64_t> queue;
  const Ran ran = run(
      info_of("fifo-queue"), 2'000, 1'000,
      [&](const Context& context) {
        if (context.random->chance(0.4)) return Invocation{"dequeue", {}, {}};
        return Invocation{"enqueue", {}, Value(++put)};
      },
      [&](int, ProcessId, const Invocation& invocation) -> SimulatedWorkers::Outcome {
        if (invocation.f == "enqueue") {
          queue.push_back(*invocation.value.get_if<std::int64_t>());
          return {{EventType::ok, invocation.value, ""}, 0ns};
        }
        if (queue.empty()) return {{EventType::ok, Value(), ""}, 0ns};
        // The hundredth goes out twice.
        const std::int64_t out = queue.front() == 101 ? 100 : queue.front();
        queue.pop_front();
        return {{EventType::ok, Value(out), ""}, 0ns};
      });
  CHECK(ran.stopped);
  CHECK(ran.tally.invoked < 1'000);
  CHECK(ran.verdict == Verdict::violation);
}

TEST_CASE("live check: what can only be judged at the end does not stop the run") {
  HistoryInfo info = info_of("register");
  info.real_time = RealTime::none;
  const Ran ran = run(
      info, 10, 0,
      [](const Context&) {
        return Invocation{"read", {}, {}};
      },
      [](int, ProcessId, const Invocation&) -> SimulatedWorkers::Outcome {
        return {{EventType::ok, Value(1), ""}, 0ns};
      });
  CHECK_FALSE(ran.stopped);
  CHECK(ran.verdict == Verdict::unknown);
}

}  // namespace assay::cli
