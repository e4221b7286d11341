#pragma once
// The scheduler: one loop that asks the generators, stamps and records every event, and hands
// operations to workers. It knows neither threads nor clocks: both are behind Workers, so that
// the same loop runs against real clients (worker_pool.h) and against a simulated clock
// (simulated_workers.h).

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "harness/generator.h"
#include "harness/nemesis.h"
#include "history/event.h"

namespace assay {

/// The thread number of the nemesis.
inline constexpr int nemesis_thread = -1;

/// What a worker finished.
struct Finished {
  int thread;
  Completion completion;
};

/// Carries out invocations, one at a time on each thread.
class Workers {
 public:
  virtual ~Workers() = default;
  virtual int threads() const = 0;
  /// Time since the run's start.
  virtual Nanos now() = 0;
  virtual void start(int thread, ProcessId process, const Invocation& invocation) = 0;
  /// The next completion, or nothing once `until` has come.
  virtual std::optional<Finished> wait(Nanos until) = 0;
  /// Name of the node the thread's client speaks to; empty for the nemesis.
  virtual std::string node(int thread) const = 0;
};

/// Called with every event in order, stamped and numbered, before anything else learns of it.
using Record = std::function<Status(const Event&)>;

struct Plan {
  /// Before anything is recorded, one after another, each repeated until it is ok or its
  /// precondition does not hold (give it one, so that it takes effect once at most).
  std::vector<Invocation> set_up;
  GeneratorPtr generator;  ///< what the clients do; ends by itself (time_limit, limit)
  GeneratorPtr nemesis;    ///< what the nemesis does meanwhile; may be null
  /// Called once when `generator` is exhausted; may be empty. What it says of the faults that were
  /// in force is recorded.
  std::function<Result<std::vector<StoppedFault>>()> heal;
  GeneratorPtr final_generator;  ///< after healing; may be null
};

struct Tally {
  std::uint64_t invoked = 0;
  std::uint64_t ok = 0;
  std::uint64_t fail = 0;
  std::uint64_t info = 0;
  std::uint64_t faults = 0;  ///< faults started
};

struct SchedulerOptions {
  Random random{0};
  /// How long to wait at the end for operations under way; then they stay open (info).
  Nanos grace = std::chrono::seconds(10);
  /// How long the set-up may take.
  Nanos set_up_limit = std::chrono::seconds(60);
  /// Set from outside (a signal handler, a checker that saw a violation): stop generating.
  const std::atomic<bool>* stop = nullptr;
  /// Called now and then, at most about ten times a second of run time; may be empty.
  std::function<void(Nanos now, const Tally&)> progress;
};

/// Runs the plan to its end. An operation that ended info retires its process: the thread goes on
/// as process + threads. Errors: what `record` or `heal` returned; the run stops at the first
/// failure to record, since an unrecorded operation would make every verdict worthless;
/// unavailable (the set-up did not succeed).
Result<Tally> run_plan(Plan plan, Workers& workers, const Record& record,
                       const SchedulerOptions& options);

}  // namespace assay
