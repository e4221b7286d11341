#include "nemesis/agent/tracer.h"

#include <dirent.h>
#include <poll.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace assay::agent {
namespace {

// ptrace passes numbers as pointers.
void* as_pointer(std::uint64_t number) { return reinterpret_cast<void*>(number); }

Error ptrace_error(pid_t pid, const char* what) {
  const int code = errno;
  return {code == EPERM ? ErrorKind::not_permitted : ErrorKind::unavailable,
          std::string(what) + " process " + std::to_string(pid) + ": " + std::strerror(code)};
}

}  // namespace

std::vector<pid_t> threads_of(pid_t pid) {
  std::vector<pid_t> threads;
  DIR* folder = ::opendir(("/proc/" + std::to_string(pid) + "/task").c_str());
  if (folder == nullptr) return threads;
  while (const dirent* entry = ::readdir(folder)) {
    const long tid = std::strtol(entry->d_name, nullptr, 10);
    if (tid > 0) threads.push_back(static_cast<pid_t>(tid));
  }
  ::closedir(folder);
  return threads;
}

StoppedProcess::StoppedProcess(StoppedProcess&& other) noexcept
    : pid_(other.pid_), threads_(std::exchange(other.threads_, {})) {}

StoppedProcess::~StoppedProcess() {
  for (const Thread& thread : threads_) {
    ::ptrace(PTRACE_DETACH, thread.tid, nullptr,
             as_pointer(static_cast<std::uint64_t>(thread.signal)));
  }
}

bool StoppedProcess::holds(pid_t tid) const {
  return std::any_of(threads_.begin(), threads_.end(),
                     [&](const Thread& thread) { return thread.tid == tid; });
}

Result<StoppedProcess> StoppedProcess::stop(pid_t pid, Nanos timeout) {
  StoppedProcess process(pid);
  const Nanos deadline = monotonic_now() + timeout;
  // A thread not yet held may start another one, so look until a pass finds nothing new.
  for (bool found = true; found;) {
    found = false;
    for (const pid_t tid : threads_of(pid)) {
      if (process.holds(tid)) continue;
      found = true;
      const Status held = process.hold(tid, deadline);
      if (!held.ok()) return held.error();
    }
  }
  if (process.threads_.empty()) {
    return Error{ErrorKind::unavailable, "process " + std::to_string(pid) + " does not run"};
  }
  return process;
}

Result<StoppedProcess> StoppedProcess::stop_threads(pid_t pid, const std::vector<pid_t>& threads,
                                                    Nanos timeout) {
  StoppedProcess process(pid);
  const Nanos deadline = monotonic_now() + timeout;
  for (const pid_t tid : threads) {
    const Status held = process.hold(tid, deadline);
    if (!held.ok()) return held.error();
  }
  return process;
}

Status StoppedProcess::hold(pid_t tid, Nanos deadline) {
  if (::ptrace(PTRACE_SEIZE, tid, nullptr, nullptr) != 0) {
    if (errno == ESRCH) return {};
    return ptrace_error(pid_, "cannot trace");
  }
  if (::ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr) != 0 && errno != ESRCH) {
    return ptrace_error(pid_, "cannot stop");
  }
  for (;;) {
    int status = 0;
    const pid_t got = ::waitpid(tid, &status, __WALL | WNOHANG);
    if (got == tid && WIFSTOPPED(status)) {
      constexpr int event_shift = 16;
      const bool is_event = (status >> event_shift) != 0;
      threads_.push_back({tid, is_event ? 0 : WSTOPSIG(status)});
      return {};
    }
    if (got == tid || (got < 0 && errno != EINTR)) return {};  // it ended
    if (monotonic_now() >= deadline) {
      // It runs on under trace until this process ends or detaches; held so that it is detached.
      threads_.push_back({tid, 0});
      return Error{ErrorKind::unavailable, "thread " + std::to_string(tid) + " of process " +
                                               std::to_string(pid_) + " did not stop in time"};
    }
    ::poll(nullptr, 0, 1);
  }
}

bool StoppedProcess::executes_inside(std::uint64_t begin, std::uint64_t end) const {
#if defined(__x86_64__)
  for (const Thread& thread : threads_) {
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, thread.tid, nullptr, &registers) != 0) continue;
    if (registers.rip > begin && registers.rip < end) return true;
  }
#else
  static_cast<void>(begin);
  static_cast<void>(end);
#endif
  return false;
}

Status StoppedProcess::write(std::uint64_t address, const std::string& bytes) const {
  ASSAY_ASSERT(!threads_.empty());
  const pid_t tid = threads_.front().tid;
  constexpr std::size_t word_size = sizeof(long);
  for (std::size_t done = 0; done < bytes.size(); done += word_size) {
    errno = 0;
    long word = ::ptrace(PTRACE_PEEKDATA, tid, as_pointer(address + done), nullptr);
    if (errno != 0) return ptrace_error(pid_, "cannot read memory of");
    std::memcpy(&word, bytes.data() + done, std::min(word_size, bytes.size() - done));
    if (::ptrace(PTRACE_POKEDATA, tid, as_pointer(address + done), word) != 0) {
      return ptrace_error(pid_, "cannot write memory of");
    }
  }
  return {};
}

}  // namespace assay::agent
