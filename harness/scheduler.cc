#include "harness/scheduler.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/assert.h"

namespace assay {
namespace {

constexpr Nanos tick = std::chrono::milliseconds(100);

/// The state of one run. Every method runs on the scheduler's thread.
class Run {
 public:
  Run(Workers& workers, const Record& record, const SchedulerOptions& options)
      : workers_(workers),
        record_(record),
        options_(options),
        random_(options.random.fork(0)),
        nemesis_random_(options.random.fork(1)),
        slots_(static_cast<std::size_t>(workers.threads())) {
    for (int t = 0; t < workers.threads(); ++t) {
      slots_[static_cast<std::size_t>(t)].process = ProcessId{t};
      free_.push_back(t);
    }
  }

  /// Runs `clients` to exhaustion, and `nemesis` (if any) for as long.
  Status phase(Generator* clients, Generator* nemesis) {
    bool exhausted = clients == nullptr;
    bool nemesis_exhausted = nemesis == nullptr;
    for (;;) {
      // Completions first: an invocation stamped before a completion that has already happened
      // would make the two look concurrent.
      if (auto status = settle_all(clients, nemesis); !status.ok()) return status;
      if (stopping()) exhausted = true;
      if (exhausted && busy_clients() == 0) return {};

      Nanos wake = workers_.now() + tick;
      bool worked = false;
      if (!nemesis_exhausted && !exhausted && !nemesis_slot_.busy) {
        auto step = ask(true, *nemesis, wake, nemesis_exhausted);
        if (!step.ok()) return step.error();
        worked = *step;
      }
      if (!exhausted && !free_.empty()) {
        auto step = ask(false, *clients, wake, exhausted);
        if (!step.ok()) return step.error();
        worked = worked || *step;
      }
      if (worked) continue;
      if (exhausted && grace_over()) return {};
      if (auto finished = workers_.wait(wake)) {
        if (auto status = settle(*finished, clients, nemesis); !status.ok()) return status;
      }
      report_progress();
    }
  }

  /// Waits for the nemesis to finish what it is doing, so that healing does not race with it.
  Status join_nemesis() {
    const Nanos end = workers_.now() + options_.grace;
    while (nemesis_slot_.busy && workers_.now() < end) {
      if (auto finished = workers_.wait(std::min(end, workers_.now() + tick))) {
        if (auto status = settle(*finished, nullptr, nullptr); !status.ok()) return status;
      }
    }
    return {};
  }

  Status note(const std::string& f, const Completion& completion) {
    Event event;
    event.process = nemesis_process;
    event.type = completion.type;
    event.f = f;
    event.value = completion.value;
    event.error = completion.error;
    return stamp_and_record(event);
  }

  /// Heals and records it: every fault that was in force ends, and the whole does.
  Status heal(const Plan& plan) {
    Status noted = note("heal", {EventType::invoke, {}, {}});
    const auto healed = plan.heal();
    for (const StoppedFault& fault : healed ? *healed : std::vector<StoppedFault>()) {
      if (noted.ok()) noted = note(fault.f, {EventType::invoke, {}, {}});
      if (noted.ok()) noted = note(fault.f, fault.completion);
    }
    const Completion end = healed ? Completion{EventType::ok, {}, {}}
                                  : Completion{EventType::info, {}, healed.error().message};
    if (noted.ok()) noted = note("heal", end);
    if (!noted.ok() || healed) return noted;
    return healed.error();
  }

  const Tally& tally() const { return tally_; }

 private:
  struct Slot {
    ProcessId process = nemesis_process;
    bool busy = false;
    Invocation invocation;
  };

  Slot& slot(int thread) {
    return thread == nemesis_thread ? nemesis_slot_ : slots_[static_cast<std::size_t>(thread)];
  }
  std::size_t busy_clients() const { return slots_.size() - free_.size(); }
  bool stopping() const { return options_.stop != nullptr && options_.stop->load(); }

  bool grace_over() {
    if (grace_end_ == Nanos::max()) grace_end_ = workers_.now() + options_.grace;
    return workers_.now() >= grace_end_;
  }

  Context client_context() { return {workers_.now(), free_, workers_.threads(), &random_}; }
  Context nemesis_context() {
    static constexpr int only = 0;
    return {workers_.now(), std::span<const int>(&only, 1), 1, &nemesis_random_};
  }

  /// Asks the clients' or the nemesis' generator; true if something was invoked.
  Result<bool> ask(bool of_nemesis, Generator& generator, Nanos& wake, bool& exhausted) {
    Next next = generator.next(of_nemesis ? nemesis_context() : client_context());
    if (auto* invoke = std::get_if<Invoke>(&next)) {
      if (of_nemesis && invoke->invocation.f.starts_with("start-")) ++tally_.faults;
      auto status = invoke_on(of_nemesis ? nemesis_thread : invoke->thread,
                              std::move(invoke->invocation), generator);
      if (!status.ok()) return status.error();
      return true;
    }
    if (const auto* pending = std::get_if<Pending>(&next)) {
      wake = std::min(wake, pending->at);
    } else {
      exhausted = true;
    }
    return false;
  }

  Status invoke_on(int thread, Invocation invocation, Generator& generator) {
    Slot& at = slot(thread);
    ASSAY_ASSERT(!at.busy);
    Event event;
    event.process = at.process;
    event.type = EventType::invoke;
    event.f = invocation.f;
    event.key = invocation.key;
    event.value = invocation.value;
    event.node = workers_.node(thread);
    // The journal first: what is not recorded must not happen.
    if (auto status = stamp_and_record(event); !status.ok()) return status;
    at.busy = true;
    at.invocation = std::move(invocation);
    if (thread != nemesis_thread) {
      ++tally_.invoked;
      free_.erase(std::find(free_.begin(), free_.end(), thread));
    }
    tell(thread, event, &generator);
    workers_.start(thread, at.process, at.invocation);
    return {};
  }

  Status settle_all(Generator* clients, Generator* nemesis) {
    while (auto finished = workers_.wait(Nanos{0})) {
      if (auto status = settle(*finished, clients, nemesis); !status.ok()) return status;
    }
    return {};
  }

  Status settle(const Finished& finished, Generator* clients, Generator* nemesis) {
    Slot& at = slot(finished.thread);
    ASSAY_ASSERT(at.busy);
    const Completion& completion = finished.completion;
    Event event;
    event.process = at.process;
    event.type = completion.type;
    event.f = at.invocation.f;
    event.key = at.invocation.key;
    event.value = completion.type == EventType::ok ? completion.value : at.invocation.value;
    event.node = workers_.node(finished.thread);
    event.error = completion.error;
    if (auto status = stamp_and_record(event); !status.ok()) return status;
    at.busy = false;
    if (finished.thread != nemesis_thread) {
      count(completion.type);
      if (completion.type == EventType::info) {
        at.process = ProcessId{static_cast<int>(at.process) + workers_.threads()};
      }
      free_.insert(std::lower_bound(free_.begin(), free_.end(), finished.thread), finished.thread);
    }
    tell(finished.thread, event, finished.thread == nemesis_thread ? nemesis : clients);
    return {};
  }

  /// `generator` may be null: nobody is left to be told.
  void tell(int thread, const Event& event, Generator* generator) {
    if (generator == nullptr) return;
    if (thread == nemesis_thread) {
      generator->observe(nemesis_context(), 0, event);
    } else {
      generator->observe(client_context(), thread, event);
    }
  }

  void count(EventType type) {
    if (type == EventType::ok) ++tally_.ok;
    if (type == EventType::fail) ++tally_.fail;
    if (type == EventType::info) ++tally_.info;
  }

  Status stamp_and_record(Event& event) {
    event.index = next_index_++;
    // Distinct stamps keep the order of the events and the order of their times one and the same.
    last_time_ = std::max(workers_.now(), last_time_ + Nanos(1));
    event.time = last_time_;
    return record_(event);
  }

  void report_progress() {
    const Nanos now = workers_.now();
    if (!options_.progress || now < next_progress_) return;
    next_progress_ = now + tick;
    options_.progress(now, tally_);
  }

  Workers& workers_;
  const Record& record_;
  const SchedulerOptions& options_;
  Random random_;
  Random nemesis_random_;
  std::vector<Slot> slots_;
  Slot nemesis_slot_;
  std::vector<int> free_;  ///< ascending
  Tally tally_;
  std::uint64_t next_index_ = 0;
  Nanos last_time_{-1};
  Nanos next_progress_{0};
  Nanos grace_end_ = Nanos::max();
};

/// Far from the processes of the run: a retry after an info must not share a client's session.
constexpr int set_up_process = 1'000'000'000;

Status set_up(const std::vector<Invocation>& invocations, Workers& workers,
              const SchedulerOptions& options) {
  const Nanos end = workers.now() + options.set_up_limit;
  int process = set_up_process;
  for (const Invocation& invocation : invocations) {
    bool done = false;
    while (!done) {
      workers.start(0, ProcessId{process}, invocation);
      std::optional<Finished> finished;
      while (!finished && workers.now() < end) finished = workers.wait(workers.now() + tick);
      if (!finished) {
        return Error{ErrorKind::unavailable, "set-up: " + invocation.f + " got no answer in time"};
      }
      const Completion& completion = finished->completion;
      done = completion.type == EventType::ok || completion.error == unmet_precondition;
      if (!done && workers.now() >= end) {
        return Error{ErrorKind::unavailable,
                     "set-up: " + invocation.f + " failed: " + completion.error};
      }
      if (completion.type == EventType::info) ++process;
    }
  }
  return {};
}

}  // namespace

Result<Tally> run_plan(Plan plan, Workers& workers, const Record& record,
                       const SchedulerOptions& options) {
  if (auto status = set_up(plan.set_up, workers, options); !status.ok()) return status.error();
  Run run(workers, record, options);
  Status outcome = run.phase(plan.generator.get(), plan.nemesis.get());
  // Whatever went wrong before, healing is tried.
  if (auto joined = run.join_nemesis(); outcome.ok()) outcome = joined;
  if (plan.heal) {
    const Status healed = run.heal(plan);
    if (outcome.ok()) outcome = healed;
  }
  if (outcome.ok() && plan.final_generator) {
    outcome = run.phase(plan.final_generator.get(), nullptr);
  }
  if (!outcome.ok()) return outcome.error();
  return run.tally();
}

}  // namespace assay
