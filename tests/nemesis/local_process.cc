#include "tests/nemesis/local_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace assay::testing {
namespace {

namespace fs = std::filesystem;

Error broken(const char* what) { return {ErrorKind::unavailable, what}; }

}  // namespace

std::unique_ptr<LocalProcess> LocalProcess::start(const std::vector<std::string>& arguments) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  ASSAY_ASSERT(::pipe2(in.data(), O_CLOEXEC) == 0);
  ASSAY_ASSERT(::pipe2(out.data(), O_CLOEXEC) == 0);
  ::signal(SIGPIPE, SIG_IGN);
  std::vector<char*> words;
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(in[0], STDIN_FILENO);
    ::dup2(out[1], STDOUT_FILENO);
    ::execv(words[0], words.data());
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  return std::unique_ptr<LocalProcess>(new LocalProcess(pid, in[1], out[0]));
}

LocalProcess::~LocalProcess() {
  end_input();
  wait();
  ::close(out_);
}

void LocalProcess::end_input() {
  if (in_ >= 0) ::close(std::exchange(in_, -1));
}

void LocalProcess::wait() {
  if (!waited_) ::waitpid(pid_, nullptr, 0);
  waited_ = true;
}

Status LocalProcess::write_line(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(in_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return broken("its input is closed");
  }
  return {};
}

Result<std::string> LocalProcess::read_line(Nanos timeout) {
  const Nanos deadline = monotonic_now() + timeout;
  for (;;) {
    if (const std::size_t end = text_.find('\n'); end != std::string::npos) {
      std::string line = text_.substr(0, end);
      text_.erase(0, end + 1);
      return line;
    }
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - monotonic_now()).count();
    pollfd readable{out_, POLLIN, 0};
    if (left <= 0 || ::poll(&readable, 1, static_cast<int>(left)) <= 0) return broken("no line");
    std::array<char, 4096> buffer{};
    const ssize_t n = ::read(out_, buffer.data(), buffer.size());
    if (n <= 0) return broken("it ended");
    text_.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

Result<CommandResult> LocalNode::run(const std::string& command, Nanos timeout) {
  auto process = LocalProcess::start(
      {"/bin/sh", "-c", "exec </dev/null; ( " + command + "\n) 2>&1; s=$?; echo; echo status $s"});
  CommandResult result;
  for (;;) {
    auto line = process->read_line(timeout);
    if (!line) return line.error();
    if (line->starts_with("status ")) {
      result.exit_status = std::atoi(line->c_str() + 7);
      return result;
    }
    result.out += *line + "\n";
  }
}

Status LocalNode::upload(const std::string& local_path, const std::string& remote_path,
                         unsigned mode) {
  std::error_code failure;
  fs::copy_file(local_path, remote_path, fs::copy_options::overwrite_existing, failure);
  if (!failure) fs::permissions(remote_path, static_cast<fs::perms>(mode), failure);
  return failure ? Status(Error{ErrorKind::unavailable, failure.message()}) : Status();
}

Status LocalNode::download(const std::string& remote_path, const std::string& local_path) {
  constexpr unsigned mode = 0644;
  return upload(remote_path, local_path, mode);
}

Result<std::unique_ptr<RemoteProcess>> LocalNode::start(const std::string& command) {
  return std::unique_ptr<RemoteProcess>(LocalProcess::start({"/bin/sh", "-c", command}));
}

TemporaryFolder::TemporaryFolder() {
  std::string name = "/tmp/assay-nemesis-XXXXXX";
  ASSAY_ASSERT(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code failure;
  fs::remove_all(path_, failure);
}

bool eventually(const std::function<bool()>& condition, Nanos timeout) {
  const Nanos deadline = monotonic_now() + timeout;
  while (!condition()) {
    if (monotonic_now() > deadline) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

bool exists(const std::string& path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

std::string program(const std::string& name) { return ASSAY_BINARY_DIR "/" + name; }

}  // namespace assay::testing
