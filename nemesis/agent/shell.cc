#include "nemesis/agent/shell.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <optional>

#include "nemesis/agent/processes.h"

namespace assay::agent {
namespace {

constexpr Nanos end_patience = std::chrono::seconds(10);

std::string& mark_file() {
  static std::string file;
  return file;
}

/// By the command itself before it does anything, so that no command is without.
bool leave_mark() {
  const auto self = find_process(::getpid());
  std::ofstream file(mark_file());
  file << (self ? to_word(*self) : "") << std::flush;
  return self.has_value() && file.good();
}

[[noreturn]] void become(const std::vector<std::string>& arguments, int input, int output,
                         pid_t parent) {
  // If its mark cannot be written any more because the parent is dead, it must not begin either.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(125);
  for (const int number : {SIGHUP, SIGPIPE, SIGTERM, SIGINT, SIGCHLD}) ::signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setsid();
  if (!leave_mark()) ::_exit(125);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  std::vector<char*> words;
  for (const std::string& argument : arguments)
    words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  const std::string why = arguments[0] + ": " + std::strerror(errno) + "\n";
  if (::write(STDERR_FILENO, why.data(), why.size()) < 0) ::_exit(126);
  ::_exit(127);
}

int memory_file(const std::string& contents) {
  const int file = ::memfd_create("assay-agent", MFD_CLOEXEC);
  if (file < 0) return file;
  if (::write(file, contents.data(), contents.size()) != static_cast<ssize_t>(contents.size())) {
    ::close(file);
    return -1;
  }
  ::lseek(file, 0, SEEK_SET);
  return file;
}

std::string beginning_of(int file) {
  std::array<char, 4096> buffer{};
  const ssize_t n = ::pread(file, buffer.data(), buffer.size(), 0);
  return n > 0 ? std::string(buffer.data(), static_cast<std::size_t>(n)) : std::string();
}

/// The wait status, or nothing if the command was given up.
std::optional<int> await_exit(pid_t child, Nanos timeout,
                              const std::function<bool()>& keep_waiting) {
  const Nanos deadline = monotonic_now() + timeout;
  for (;;) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) == child) return status;
    if (monotonic_now() >= deadline || !keep_waiting()) {
      // Not reaped yet, so the id is its own. What does not end is no worse than the command is.
      if (const auto process = find_process(child)) {
        static_cast<void>(end_session(*process, end_patience).ok());
      }
      ::kill(child, SIGKILL);
      ::waitpid(child, &status, 0);
      return std::nullopt;
    }
    ::poll(nullptr, 0, 5);
  }
}

}  // namespace

void mark_commands_in(const std::string& folder) { mark_file() = folder + "/command"; }

Status end_command_under_way() {
  std::string word;
  std::ifstream(mark_file()) >> word;
  Status ended;
  if (const auto leader = process_from_word(word)) ended = end_session(*leader, end_patience);
  ::unlink(mark_file().c_str());
  return ended;
}

Result<CommandOutcome> run_command(const std::vector<std::string>& arguments,
                                   const std::string& input, Nanos timeout,
                                   const std::function<bool()>& keep_waiting) {
  // Memory files instead of pipes: a server left behind by the command may keep its output open
  // for ever, and reading a pipe to its end would wait for it.
  const int in = memory_file(input);
  const int out = memory_file("");
  const pid_t parent = ::getpid();
  const pid_t child = in < 0 || out < 0 ? -1 : ::fork();
  if (child == 0) become(arguments, in, out, parent);
  std::optional<int> status;
  const int failure = errno;
  if (child > 0) status = await_exit(child, timeout, keep_waiting);
  ::unlink(mark_file().c_str());
  const std::string output = out < 0 ? "" : beginning_of(out);
  ::close(in);
  ::close(out);
  if (child < 0) {
    return Error{ErrorKind::unavailable,
                 arguments[0] + ": cannot start: " + std::strerror(failure)};
  }
  if (!status) {
    return Error{ErrorKind::unavailable,
                 arguments.back() + ": gave up after at most " + format_duration(timeout)};
  }
  return CommandOutcome{WIFEXITED(*status) ? WEXITSTATUS(*status) : 128 + WTERMSIG(*status),
                        output};
}

Status run_shell(const std::string& command, Nanos timeout,
                 const std::function<bool()>& keep_waiting) {
  auto outcome = run_command({"sh", "-c", command}, "", timeout, keep_waiting);
  if (!outcome) return outcome.error();
  if (outcome->exit_status == 0) return {};
  return Error{ErrorKind::unavailable, "`" + command + "` ended with exit status " +
                                           std::to_string(outcome->exit_status) + ": " +
                                           outcome->output};
}

}  // namespace assay::agent
