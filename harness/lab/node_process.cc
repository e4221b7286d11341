#include "harness/lab/node_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "harness/lab/node_init.h"

namespace assay {
namespace {

constexpr int start_timeout_ms = 10'000;
constexpr int kill_timeout_ms = 10'000;

/// glibc 2.36 declares these, but older kernels' headers do not agree on where; the numbers hold.
int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

void close_end(int& end) {
  if (end >= 0) ::close(end);
  end = -1;
}

void reap(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<ProcessIdentity> identify_process(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string stat;
  std::getline(file, stat);
  // The name, in parentheses, may hold anything: fields are counted from the last one.
  const std::size_t after_name = stat.rfind(") ");
  const Error gone{ErrorKind::unavailable, fmt::format("process {} is not running", pid)};
  if (after_name == std::string::npos) return gone;
  constexpr int start_field = 22;
  constexpr int first_field = 3;
  std::size_t at = after_name + 2;
  if (stat[at] == 'Z' || stat[at] == 'X') return gone;
  for (int field = first_field; field < start_field; ++field) {
    at = stat.find(' ', at);
    if (at == std::string::npos) return gone;
    ++at;
  }
  return ProcessIdentity{pid, std::strtoull(stat.c_str() + at, nullptr, 10)};
}

bool is_alive(const ProcessIdentity& identity) {
  if (identity.pid <= 0) return false;
  const Result<ProcessIdentity> now = identify_process(identity.pid);
  return now.ok() && now.value().start_ticks == identity.start_ticks;
}

Status kill_process(const ProcessIdentity& identity) {
  if (identity.pid <= 0) return {};
  const int pidfd = open_pidfd(identity.pid);
  if (pidfd < 0) return {};
  // Only now, with the handle open, does a matching start time prove whose handle it is.
  if (!is_alive(identity)) {
    ::close(pidfd);
    return {};
  }
  ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
  pollfd polled{pidfd, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&polled, 1, kill_timeout_ms);
  } while (ready < 0 && errno == EINTR);
  ::close(pidfd);
  if (ready <= 0) {
    return Error{ErrorKind::unavailable,
                 fmt::format("process {} is still there {} s after SIGKILL; see its wait channel "
                             "in /proc/{}/stack",
                             identity.pid, kill_timeout_ms / 1000, identity.pid)};
  }
  int status = 0;
  // It may be a child of ours, and would stay as a zombie.
  ::waitpid(identity.pid, &status, WNOHANG);
  return {};
}

Result<NodeProcess> NodeProcess::create(const LabSite& site, int node) {
  std::array<int, 2> go{-1, -1};
  std::array<int, 2> report{-1, -1};
  const std::string log_file = site.node_log(node).string();
  int log = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log < 0 || ::pipe2(go.data(), O_CLOEXEC) != 0 || ::pipe2(report.data(), O_CLOEXEC) != 0) {
    const int reason = errno;
    for (int* end : {&log, &go[0], &go[1]}) close_end(*end);
    return Error{ErrorKind::cannot_write,
                 fmt::format("{}: cannot open log {} or a pipe: {}", LabSite::node_name(node),
                             log_file, std::strerror(reason))};
  }
  const NodeInit init = make_node_init(site, node);
  const unsigned long flags =
      CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | SIGCHLD;
  // Without a stack of its own the child goes on in a copy of this one, as after fork.
  const pid_t pid = static_cast<pid_t>(::syscall(SYS_clone, flags, nullptr, nullptr, nullptr, 0));
  if (pid == 0) run_node_init(init, go[0], report[1], log);
  const int reason = errno;
  for (int* end : {&log, &go[0], &report[1]}) close_end(*end);
  if (pid < 0) {
    close_end(go[1]);
    close_end(report[0]);
    return Error{reason == EPERM ? ErrorKind::not_permitted : ErrorKind::unavailable,
                 fmt::format("{}: cannot make namespaces: {}; run as root with CAP_SYS_ADMIN",
                             LabSite::node_name(node), std::strerror(reason))};
  }
  return NodeProcess(node, pid, go[1], report[0]);
}

NodeProcess::NodeProcess(int node, pid_t pid, int go, int report)
    : node_(node), pid_(pid), go_(go), report_(report) {}

NodeProcess::NodeProcess(NodeProcess&& other) noexcept
    : node_(other.node_),
      pid_(std::exchange(other.pid_, 0)),
      go_(std::exchange(other.go_, -1)),
      report_(std::exchange(other.report_, -1)) {}

NodeProcess::~NodeProcess() {
  close_end(go_);
  close_end(report_);
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  reap(pid_);
}

void NodeProcess::start() {
  const char byte = 'g';
  // A node that died meanwhile says so in wait_started.
  [[maybe_unused]] const ssize_t written = ::write(go_, &byte, 1);
}

Result<ProcessIdentity> NodeProcess::wait_started() {
  NodeInitFailure failure;
  pollfd polled{report_, POLLIN, 0};
  int ready = 0;
  do {
    ready = ::poll(&polled, 1, start_timeout_ms);
  } while (ready < 0 && errno == EINTR);
  if (ready <= 0) {
    return Error{ErrorKind::unavailable,
                 fmt::format("{}: did not start within {} s", LabSite::node_name(node_),
                             start_timeout_ms / 1000)};
  }
  if (::read(report_, &failure, sizeof failure) == sizeof failure) {
    return Error{failure.reason == EPERM ? ErrorKind::not_permitted : ErrorKind::unavailable,
                 fmt::format("{}: cannot {}: {}", LabSite::node_name(node_), failure.step.data(),
                             std::strerror(failure.reason))};
  }
  Result<ProcessIdentity> identity = identify_process(pid_);
  if (!identity.ok()) return identity.error().in(LabSite::node_name(node_));
  pid_ = 0;
  return identity;
}

}  // namespace assay
