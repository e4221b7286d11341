#pragma once
// Workers under a simulated clock: no threads, no sleeps. A function decides what each
// invocation completes with and how long it takes; time jumps from one event to the next.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "harness/scheduler.h"

namespace assay {

class SimulatedWorkers final : public Workers {
 public:
  struct Outcome {
    Completion completion;
    Nanos duration;
  };
  using Complete = std::function<Outcome(int thread, ProcessId process, const Invocation&)>;

  SimulatedWorkers(int threads, Complete complete)
      : threads_(threads), complete_(std::move(complete)) {}

  int threads() const override { return threads_; }
  Nanos now() override { return now_; }
  void start(int thread, ProcessId process, const Invocation& invocation) override;
  std::optional<Finished> wait(Nanos until) override;
  std::string node(int /*thread*/) const override { return ""; }

 private:
  int threads_;
  Complete complete_;
  Nanos now_{0};
  std::multimap<Nanos, Finished> due_;
};

}  // namespace assay
