#pragma once
// Helper: a process of the agent's own that carries a fault for as long as it lasts (forwards
// packets, holds threads, takes memory). It ends with the agent, and the ledger knows it by name.

#include <functional>
#include <vector>

#include "base/result.h"
#include "nemesis/agent/processes.h"

namespace assay::agent {

/// A process that waits for `release`, then runs `body` and ends. It holds none of the agent's
/// files but `kept`, so neither the connection nor the lock, and is killed when the agent's working
/// process dies.
class Helper {
 public:
  static Result<Helper> fork(const std::function<void()>& body, std::vector<int> kept = {});
  Helper(Helper&& other) noexcept;
  Helper& operator=(Helper&& other) noexcept;
  /// A helper that was never released ends.
  ~Helper();

  const Process& process() const { return process_; }
  void release();

 private:
  Helper(Process process, int go) : process_(process), go_(go) {}
  Process process_;
  int go_;
};

/// Kills it and waits until it is gone, with what it held. Fine if it is gone. True if it ran.
bool end_helper(const Process& helper);

}  // namespace assay::agent
