#pragma once
// StoppedProcess: all threads of a process held by ptrace, so that its code can be changed.

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay::agent {

/// Ids of the threads of a process; empty if it does not run.
std::vector<pid_t> threads_of(pid_t pid);

/// While it lives, no thread of the process runs. Threads that were stopped before (SIGSTOP) stay
/// stopped afterwards; signals that arrived meanwhile are delivered. If the holder dies, the kernel
/// lets the process go.
class StoppedProcess {
 public:
  /// Error: not_permitted (no ptrace), unavailable (gone, or a thread did not stop in time).
  static Result<StoppedProcess> stop(pid_t pid, Nanos timeout);
  /// Holds only some threads of a process. Threads that are gone are left out.
  static Result<StoppedProcess> stop_threads(pid_t pid, const std::vector<pid_t>& threads,
                                             Nanos timeout);
  StoppedProcess(StoppedProcess&& other) noexcept;
  StoppedProcess& operator=(StoppedProcess&&) = delete;
  ~StoppedProcess();

  std::size_t thread_count() const { return threads_.size(); }
  /// True if some thread's next instruction lies strictly inside (begin, end).
  bool executes_inside(std::uint64_t begin, std::uint64_t end) const;
  /// Writes over code and read-only data, eight bytes at a time, each in one piece; the last word
  /// is completed with what stands there. The process gets a page of its own.
  Status write(std::uint64_t address, const std::string& bytes) const;

 private:
  struct Thread {
    pid_t tid;
    int signal;  ///< a signal that arrived with the stop and must be delivered
  };
  explicit StoppedProcess(pid_t pid) : pid_(pid) {}
  Status hold(pid_t tid, Nanos deadline);
  bool holds(pid_t tid) const;

  pid_t pid_;
  std::vector<Thread> threads_;
};

}  // namespace assay::agent
