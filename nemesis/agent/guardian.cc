#include "nemesis/agent/guardian.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>

#include "base/result.h"
#include "nemesis/agent/processes.h"
#include "nemesis/agent/shell.h"

namespace assay::agent {
namespace {

Status make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string folder = path.substr(0, slash);
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) {
      return Error{ErrorKind::cannot_write, folder + ": " + std::strerror(errno)};
    }
    if (slash == std::string::npos) return {};
  }
}

std::optional<Process> holder_of(int lock) {
  std::array<char, 64> text{};
  const ssize_t n = ::pread(lock, text.data(), text.size(), 0);
  if (n <= 0) return std::nullopt;
  return process_from_word(std::string(text.data(), static_cast<std::size_t>(n)));
}

/// Both processes of an agent hold the lock, so it is free only when everything is healed or both
/// are dead.
Result<int> take_lock(const std::string& path) {
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0) return Error{ErrorKind::cannot_write, path + ": " + std::strerror(errno)};
  constexpr Nanos patience = std::chrono::seconds(12);
  const Nanos deadline = monotonic_now() + patience;
  bool asked = false;
  while (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    const auto holder = holder_of(lock);
    if (!asked && holder && state_of(*holder)) {
      ::kill(holder->pid, SIGTERM);
      asked = true;
    }
    if (monotonic_now() > deadline) {
      ::close(lock);
      return Error{ErrorKind::busy, path + ": another agent on this node does not end"};
    }
    ::poll(nullptr, 0, 10);
  }
  const auto self = find_process(::getpid());
  const std::string word = self ? to_word(*self) : "";
  if (::ftruncate(lock, 0) != 0 || ::pwrite(lock, word.data(), word.size(), 0) < 0) {
    return Error{ErrorKind::cannot_write, path + ": " + std::strerror(errno)};
  }
  return lock;
}

int work(const ServeOptions& options, pid_t guardian) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != guardian) return 1;
  return serve(options);
}

/// Waits for the working process; hands on the request to end. Returns its wait status.
int watch(pid_t worker, const sigset_t& signals) {
  for (;;) {
    int status = 0;
    if (::waitpid(worker, &status, WNOHANG) == worker) return status;
    int number = 0;
    ::sigwait(&signals, &number);
    if (number == SIGTERM || number == SIGINT) ::kill(worker, SIGTERM);
  }
}

}  // namespace

int guard(const ServeOptions& options) {
  ::setsid();
  ::signal(SIGHUP, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&signals, number);
  ::sigprocmask(SIG_BLOCK, &signals, nullptr);

  Status ready = make_folders(options.folder);
  if (ready.ok()) {
    const auto lock = take_lock(options.folder + "/lock");
    if (!lock) ready = lock.error();
  }
  if (!ready.ok()) {
    std::fprintf(stderr, "assay-agent: %s\n", ready.error().message.c_str());
    return ready.error().exit_code();
  }
  mark_commands_in(options.folder);
  const pid_t guardian = ::getpid();
  const pid_t worker = ::fork();
  if (worker == 0) ::_exit(work(options, guardian));
  if (worker < 0) {
    std::fprintf(stderr, "assay-agent: cannot fork: %s\n", std::strerror(errno));
    return static_cast<int>(ErrorKind::unavailable);
  }
  // Only the working process may hold the connection open. Closed, these numbers would go to the
  // next files that are opened, and a command's input would be closed as it begins.
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO}) ::dup2(null, stream);
  ::close(null);
  const int status = watch(worker, signals);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  return heal_leftovers(options, "the working process died") ? 1 : 2;
}

}  // namespace assay::agent
