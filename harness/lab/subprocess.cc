#include "harness/lab/subprocess.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace assay {
namespace {

constexpr std::size_t captured_bytes_max = 16u << 20;

struct Pipe {
  int read = -1;
  int write = -1;
  Pipe() = default;
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close_end(read);
    close_end(write);
  }
  bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read = ends[0];
    write = ends[1];
    return true;
  }
  static void close_end(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
};

/// Keeps SIGPIPE from this thread: a program that closes its input is no reason to die.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;
  ~NoPipeSignal() {
    if (::sigismember(&before_, SIGPIPE) == 1) return;
    const timespec at_once{};
    // One that came meanwhile would be delivered as soon as it is unblocked.
    ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

/// Between fork and exec only system calls are allowed: another thread may hold any lock.
[[noreturn]] void become(const char* program, char* const* arguments, int input, int output,
                         bool new_network) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (new_network && ::unshare(CLONE_NEWNET) != 0) ::_exit(126);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(input, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execv(program, arguments);
  ::_exit(127);
}

void tell_lines(const Subprocess& subprocess, const std::string& output, std::size_t& told) {
  if (!subprocess.on_line) return;
  for (std::size_t end = output.find('\n', told); end != std::string::npos;
       end = output.find('\n', told)) {
    subprocess.on_line(std::string_view(output).substr(told, end - told));
    told = end + 1;
  }
}

/// Feeds the input and reads the output until it is closed. False: time is up.
bool converse(const Subprocess& subprocess, Pipe& input, Pipe& output, std::string& text) {
  const Nanos deadline = monotonic_now() + subprocess.timeout;
  std::size_t written = 0;
  std::size_t told = 0;
  std::array<char, 16384> buffer{};
  const NoPipeSignal no_pipe_signal;
  ::fcntl(input.write, F_SETFL, O_NONBLOCK);
  while (true) {
    if (written == subprocess.input.size()) Pipe::close_end(input.write);
    std::array<pollfd, 2> polled{pollfd{output.read, POLLIN, 0}, pollfd{input.write, POLLOUT, 0}};
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - monotonic_now()).count();
    if (left <= 0) return false;
    if (::poll(polled.data(), 2, static_cast<int>(std::min<long>(left, 1 << 20))) < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    if (polled[1].revents != 0) {
      const ssize_t n = ::write(input.write, subprocess.input.data() + written,
                                subprocess.input.size() - written);
      // A program that does not read all of its input is judged by its exit status.
      written = n < 0 && errno != EAGAIN
                    ? subprocess.input.size()
                    : written + static_cast<std::size_t>(std::max<ssize_t>(n, 0));
    }
    if (polled[0].revents != 0) {
      const ssize_t n = ::read(output.read, buffer.data(), buffer.size());
      if (n <= 0) return true;
      if (text.size() < captured_bytes_max) text.append(buffer.data(), static_cast<std::size_t>(n));
      tell_lines(subprocess, text, told);
    }
  }
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? name : "";
  const char* path = std::getenv("PATH");
  std::string folders = path != nullptr ? path : "";
  folders += ":/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin";
  for (std::size_t at = 0; at <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', at), folders.size());
    const std::string candidate = folders.substr(at, end - at) + "/" + name;
    if (end > at && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    at = end + 1;
  }
  return "";
}

Result<SubprocessResult> run_subprocess(const Subprocess& subprocess) {
  const std::string program = find_program(subprocess.command.at(0));
  if (program.empty()) {
    return Error{ErrorKind::configuration,
                 fmt::format("program {} not found; install it", subprocess.command[0])};
  }
  std::vector<char*> arguments;
  for (const std::string& argument : subprocess.command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  Pipe input;
  Pipe output;
  if (!input.open() || !output.open()) {
    return Error{ErrorKind::unavailable,
                 fmt::format("no pipe for {}: {}", program, std::strerror(errno))};
  }
  const pid_t child = ::fork();
  if (child < 0) {
    return Error{ErrorKind::unavailable,
                 fmt::format("cannot start {}: {}", program, std::strerror(errno))};
  }
  if (child == 0) {
    become(program.c_str(), arguments.data(), input.read, output.write, subprocess.new_network);
  }
  Pipe::close_end(input.read);
  Pipe::close_end(output.write);
  SubprocessResult result;
  const bool finished = converse(subprocess, input, output, result.output);
  if (!finished) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!finished) {
    return Error{ErrorKind::unavailable, fmt::format("{} did not finish within {}", program,
                                                     format_duration(subprocess.timeout))};
  }
  result.exit_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

}  // namespace assay
