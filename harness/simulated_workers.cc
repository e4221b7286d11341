#include "harness/simulated_workers.h"

#include <algorithm>

namespace assay {

void SimulatedWorkers::start(int thread, ProcessId process, const Invocation& invocation) {
  Outcome outcome = complete_(thread, process, invocation);
  due_.emplace(now_ + outcome.duration, Finished{thread, std::move(outcome.completion)});
}

std::optional<Finished> SimulatedWorkers::wait(Nanos until) {
  const auto first = due_.begin();
  if (first == due_.end() || first->first > std::max(until, now_)) {
    now_ = std::max(now_, until);
    return std::nullopt;
  }
  now_ = std::max(now_, first->first);
  Finished finished = std::move(first->second);
  due_.erase(first);
  return finished;
}

}  // namespace assay
