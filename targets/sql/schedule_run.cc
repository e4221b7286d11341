// Carrying out a schedule: a thread for each session, because a statement may wait for another
// session's commit.

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "targets/sql/columns.h"
#include "targets/sql/schedules.h"

namespace assay::sql {
namespace {

using namespace std::chrono_literals;

/// A statement that takes longer waits for another session, and the schedule goes on.
constexpr Nanos block_time = 250ms;
/// What waited for the last statement goes on within this time, before the next one is given: as
/// when people type a schedule into several windows. Else it is a race what the next one sees.
constexpr Nanos settle_time = 100ms;
/// Then a session is given up; longer than the databases' own timeouts for locks and deadlocks.
constexpr Nanos patience = 8s;

class Worker {
 public:
  Worker(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
    thread_ = std::thread([this] { loop(); });
  }
  ~Worker() {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void give(std::string statement, Answer& into) {
    const std::scoped_lock lock(mutex_);
    tasks_.push_back({std::move(statement), &into});
    changed_.notify_all();
  }
  /// False: it is still busy.
  bool wait_idle(Nanos limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return tasks_.empty(); });
  }
  /// Its transaction committed. Call when it is idle.
  bool committed() const { return committed_; }

 private:
  struct Task {
    std::string statement;
    Answer* into;
  };

  void loop() {
    for (;;) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closing_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        task = tasks_.front();
      }
      if (!failed_) {
        *task.into = connection_->execute(task.statement, monotonic_now() + patience);
        failed_ = !task.into->ok();
        if (failed_ && connection_->is_open()) {
          static_cast<void>(connection_->execute("ROLLBACK", monotonic_now() + patience).ok());
        }
        committed_ = committed_ || (!failed_ && task.statement == "COMMIT");
      }
      const std::scoped_lock lock(mutex_);
      tasks_.pop_front();
      changed_.notify_all();
    }
  }

  std::unique_ptr<Connection> connection_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  bool closing_ = false;
  bool failed_ = false;
  bool committed_ = false;
  std::thread thread_;
};

Error no_session(const Answer& answer) {
  return {ErrorKind::unavailable, "no session: " + answer.message};
}

Result<Answer> execute_all(Connection& at, const std::vector<std::string>& statements) {
  Answer answer;
  for (const std::string& statement : statements) {
    answer = at.execute(statement, monotonic_now() + patience);
    if (!answer.ok()) {
      return Error{ErrorKind::unavailable, statement.substr(0, 60) + ": " + answer.message};
    }
  }
  return answer;
}

}  // namespace

Result<ScheduleOutcome> run_schedule(const Schedule& schedule, const Dialect& dialect,
                                     Isolation isolation, const OpenSession& open) {
  auto [keeper, answer] = open();
  if (!answer.ok()) return no_session(answer);
  const auto made =
      execute_all(*keeper, {"DROP TABLE IF EXISTS assay.test",
                            "CREATE TABLE assay.test (id INT PRIMARY KEY, value INT)",
                            "INSERT INTO assay.test (id, value) VALUES (1, 10), (2, 20)"});
  if (!made.ok()) return made.error();
  std::map<int, std::unique_ptr<Worker>> workers;
  for (const Step& step : schedule.steps) {
    if (workers.contains(step.session)) continue;
    auto session = open();
    if (!session.answer.ok()) return no_session(session.answer);
    const auto begun =
        execute_all(*session.connection, begin_statements(dialect, isolation, false));
    if (!begun.ok()) return begun.error();
    workers[step.session] = std::make_unique<Worker>(std::move(session.connection));
  }
  ScheduleOutcome outcome;
  outcome.answers.resize(schedule.steps.size());
  for (std::size_t i = 0; i < schedule.steps.size(); ++i) {
    Worker& worker = *workers.at(schedule.steps[i].session);
    worker.give(std::string(schedule.steps[i].statement), outcome.answers[i]);
    static_cast<void>(worker.wait_idle(block_time));
    for (auto& [session, each] : workers) static_cast<void>(each->wait_idle(settle_time));
  }
  for (auto& [session, worker] : workers) {
    outcome.committed[session] = worker->wait_idle(2 * patience) && worker->committed();
  }
  workers.clear();
  const auto rows = execute_all(*keeper, {"SELECT id, value FROM assay.test"});
  if (!rows.ok()) return rows.error();
  for (const auto& row : rows->rows) outcome.rows[row.at(0).value_or("")] = row.at(1).value_or("");
  return outcome;
}

Result<std::map<std::string_view, Protection>> measure_level(const Dialect& dialect,
                                                             Isolation isolation,
                                                             const OpenSession& open) {
  std::map<std::string_view, Protection> measured;
  for (const Schedule& schedule : schedules()) {
    const auto outcome = run_schedule(schedule, dialect, isolation, open);
    if (!outcome.ok()) return outcome.error().in(std::string(schedule.anomaly));
    Protection& protection = measured.emplace(schedule.anomaly, Protection::full).first->second;
    if (!schedule.shows(*outcome)) continue;
    protection =
        std::min(protection, schedule.by_write ? Protection::reads_only : Protection::none);
  }
  return measured;
}

}  // namespace assay::sql
