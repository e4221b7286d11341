#include "nemesis/agent/helper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/clock.h"

namespace assay::agent {
namespace {

/// `kept` ascending.
void close_files_except(const std::vector<int>& kept) {
  unsigned next = STDERR_FILENO + 1;
  for (const int file : kept) {
    const auto at = static_cast<unsigned>(file);
    if (at > next) ::syscall(SYS_close_range, next, at - 1, 0);
    next = at + 1;
  }
  ::syscall(SYS_close_range, next, ~0U, 0);
}

[[noreturn]] void live(int go, const std::vector<int>& kept, pid_t parent,
                       const std::function<void()>& body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // The standard streams are the connection; among the other files is the agent's lock.
  const int null = ::open("/dev/null", O_RDWR);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, stream);
  close_files_except(kept);
  char byte = 0;
  if (::read(go, &byte, 1) != 1) ::_exit(0);
  ::close(go);
  body();
  ::_exit(0);
}

}  // namespace

Result<Helper> Helper::fork(const std::function<void()>& body, std::vector<int> kept) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
    return Error{ErrorKind::unavailable, std::string("pipe: ") + std::strerror(errno)};
  }
  kept.push_back(pipe[0]);
  std::sort(kept.begin(), kept.end());
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(pipe[1]);
    live(pipe[0], kept, parent, body);
  }
  const int failure = errno;
  ::close(pipe[0]);
  const auto process = child > 0 ? find_process(child) : std::nullopt;
  if (!process) {
    ::close(pipe[1]);
    return Error{ErrorKind::unavailable, std::string("cannot fork: ") + std::strerror(failure)};
  }
  return Helper(*process, pipe[1]);
}

Helper::Helper(Helper&& other) noexcept
    : process_(other.process_), go_(std::exchange(other.go_, -1)) {}

Helper& Helper::operator=(Helper&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(go_, other.go_);
  return *this;
}

Helper::~Helper() {
  if (go_ < 0) return;
  ::close(go_);
  ::waitpid(process_.pid, nullptr, 0);
}

void Helper::release() {
  const char byte = 1;
  // One that died meanwhile is found dead by whoever measures its effect.
  static_cast<void>(::write(go_, &byte, 1) == 1);
  ::close(std::exchange(go_, -1));
}

bool end_helper(const Process& helper) {
  const bool ran = state_of(helper).has_value();
  if (ran) ::kill(helper.pid, SIGKILL);
  const Nanos deadline = monotonic_now() + std::chrono::seconds(3);
  // It may be the child of an agent that is gone; then only looking tells when it has ended.
  while (::waitpid(helper.pid, nullptr, WNOHANG) == 0 || state_of(helper)) {
    if (monotonic_now() > deadline) break;
    ::poll(nullptr, 0, 1);
  }
  return ran;
}

}  // namespace assay::agent
