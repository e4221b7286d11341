#pragma once
// Workers for real: one thread for each client and one for the nemesis.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/nemesis.h"
#include "harness/scheduler.h"
#include "harness/target.h"

namespace assay {

/// Thread i speaks to node i mod nodes. A client is opened for each process and closed when an
/// operation of it ended info. Thrown exceptions become info: the operation may have happened.
class WorkerPool final : public Workers {
 public:
  /// `nemesis` may be null. All references outlive the pool.
  WorkerPool(int threads, Target& target, const Nodes& nodes, Nemesis* nemesis,
             Nanos operation_timeout);
  ~WorkerPool() override;  ///< waits for the operations under way

  int threads() const override;
  Nanos now() override;
  void start(int thread, ProcessId process, const Invocation& invocation) override;
  std::optional<Finished> wait(Nanos until) override;
  std::string node(int thread) const override;

 private:
  struct Shared;
  class Worker;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Worker>> workers_;  ///< the nemesis is the last one, if there is one
  std::vector<std::string> nodes_;
  int threads_;
  Nanos epoch_;
};

}  // namespace assay
