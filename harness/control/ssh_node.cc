// A Node over libssh: one session for commands, opened again when it broke, and one session for
// each long-lived process.

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <utility>

#include "harness/control/node.h"
#include "harness/control/ssh_process.h"
#include "harness/control/ssh_session.h"
#include "harness/control/ssh_shell.h"

namespace assay {
namespace {

constexpr std::size_t output_bytes_max = 64u << 20;
constexpr Nanos transfer_timeout = std::chrono::minutes(10);
constexpr Nanos reconnect_timeout_max = std::chrono::seconds(10);

/// A file descriptor with an owner.
class File {
 public:
  File(const std::string& path, int flags, unsigned mode)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() { close(); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd() const { return fd_; }
  bool close() {
    const bool closed = fd_ < 0 || ::close(fd_) == 0;
    fd_ = -1;
    return closed;
  }

 private:
  int fd_;
};

Error file_error(ErrorKind kind, const char* what, const std::string& path) {
  return {kind, fmt::format("cannot {} {}: {}", what, path, std::strerror(errno))};
}

Status append_bounded(std::string& text, std::string_view bytes) {
  if (text.size() + bytes.size() > output_bytes_max) {
    return Error{ErrorKind::unavailable,
                 fmt::format("the command wrote more than {} MiB; write to a file and download it",
                             output_bytes_max >> 20)};
  }
  text.append(bytes);
  return {};
}

class SshNode final : public Node {
 public:
  SshNode(NodeAddress address, std::unique_ptr<SshSession> session, Nanos timeout)
      : address_(std::move(address)), timeout_(timeout), session_(std::move(session)) {}

  const NodeAddress& address() const override { return address_; }

  /// In the shell that stays. Connects again if the connection broke while nothing ran; a command
  /// that the node may have seen is never sent twice.
  Result<CommandResult> run(const std::string& command, Nanos timeout) override {
    const std::lock_guard<std::mutex> exclusive(mutex_);
    const Nanos deadline = monotonic_now() + timeout;
    for (bool is_last = !is_connected();; is_last = true) {
      bool was_sent = false;
      if (const Status connected = connect(deadline); !connected.ok()) return connected.error();
      auto result = run_in_shell(command, deadline, was_sent);
      if (result.ok()) return result;
      close();
      if (was_sent || is_last || monotonic_now() >= deadline) {
        return result.error().in(describe(command));
      }
    }
  }

  /// On a channel of its own: also what the shell cannot be started for is told.
  Result<CommandResult> run_apart(const std::string& command, Nanos timeout) {
    CommandResult result;
    CommandStreams streams;
    streams.out = [&](std::string_view bytes) { return append_bounded(result.out, bytes); };
    streams.err = [&](std::string_view bytes) { return append_bounded(result.err, bytes); };
    const Result<int> status = perform(command, streams, timeout);
    if (!status.ok()) return status.error();
    result.exit_status = status.value();
    return result;
  }

  Status upload(const std::string& local_path, const std::string& remote_path,
                unsigned mode) override;
  Status download(const std::string& remote_path, const std::string& local_path) override;

  Result<std::unique_ptr<RemoteProcess>> start(const std::string& command) override {
    return start_ssh_process(address_, command, timeout_);
  }

 private:
  /// Runs a command with the given streams; gives its exit status.
  Result<int> perform(const std::string& command, const CommandStreams& streams, Nanos timeout) {
    const std::lock_guard<std::mutex> exclusive(mutex_);
    const Nanos deadline = monotonic_now() + timeout;
    Result<std::unique_ptr<SshChannel>> channel = open_channel(command, deadline);
    if (!channel.ok()) return channel.error();
    Result<int> status = carry_streams(*session_, **channel, streams, deadline);
    channel->reset();
    if (status.ok()) return status;
    close();
    return status.error().in(describe(command));
  }

  Result<CommandResult> run_in_shell(const std::string& command, Nanos deadline, bool& was_sent) {
    if (!shell_) {
      auto started = SshShell::start(*session_, deadline);
      if (!started.ok()) return started.error();
      shell_ = std::move(*started);
    }
    return shell_->run(command, output_bytes_max, deadline, was_sent);
  }

  bool is_connected() const { return session_ && session_->is_connected(); }

  Status connect(Nanos deadline) {
    if (is_connected()) return {};
    const Nanos left = std::min(deadline - monotonic_now(), reconnect_timeout_max);
    Result<std::unique_ptr<SshSession>> opened = SshSession::open(address_, left);
    if (!opened.ok()) return opened.error();
    shell_.reset();
    session_ = std::move(*opened);
    return {};
  }

  /// After a command failed: what the session still holds belongs to it.
  void close() {
    kill_stragglers();
    shell_.reset();
    session_.reset();
  }

  /// Kills what the session still runs, as far as it can be reached. OpenSSH refuses to pass on
  /// signals where it runs as root, so the commands are found as children of its process.
  void kill_stragglers() {
    if (!is_connected()) return;
    const Nanos deadline = monotonic_now() + std::chrono::seconds(1);
    bool was_requested = false;
    const auto channel = session_->execute(
        "for p in $(ps -o pid= --ppid $PPID); do test $p = $$ || kill -9 -- -$p; done", deadline,
        was_requested);
    if (channel.ok()) {
      static_cast<void>(carry_streams(*session_, *channel.value(), {}, deadline).ok());
    }
  }

  /// Like run, connects again.
  Result<std::unique_ptr<SshChannel>> open_channel(const std::string& command, Nanos deadline) {
    for (bool is_last = !is_connected();; is_last = true) {
      if (const Status connected = connect(deadline); !connected.ok()) return connected.error();
      bool was_requested = false;
      auto channel = session_->execute(command, deadline, was_requested);
      if (channel.ok()) return channel;
      shell_.reset();
      session_.reset();
      if (was_requested || is_last || monotonic_now() >= deadline) {
        return channel.error().in(describe(command));
      }
    }
  }

  std::string describe(const std::string& command) const {
    constexpr std::size_t shown = 60;
    std::string text = command.substr(0, shown);
    for (char& c : text) c = c == '\n' ? ' ' : c;
    return fmt::format("{}: '{}{}'", address_.name, text, command.size() > shown ? "…" : "");
  }

  const NodeAddress address_;
  const Nanos timeout_;  ///< for connecting
  std::mutex mutex_;
  std::unique_ptr<SshSession> session_;
  std::unique_ptr<SshShell> shell_;  ///< on the session; null until a command needs it
  std::atomic<unsigned> uploads_{0};
};

Status SshNode::upload(const std::string& local_path, const std::string& remote_path,
                       unsigned mode) {
  File file(local_path, O_RDONLY, 0);
  struct stat info {};
  if (file.fd() < 0 || ::fstat(file.fd(), &info) != 0) {
    return file_error(ErrorKind::no_input, "read", local_path);
  }
  const auto checksum = checksum_of(local_path);
  if (!checksum.ok()) return checksum.error();
  const std::string target = shell_quote(remote_path);
  const std::string temporary =
      shell_quote(fmt::format("{}.upload-{}-{}", remote_path, ::getpid(), ++uploads_));
  // A connection that breaks looks to cat like the end of the file, so what came is checked before
  // it takes its name.
  const std::string command = fmt::format(
      "cat > {0} && test \"$(cksum < {0})\" = '{1}' && chmod {2:o} {0} && mv -fT {0} {3} || "
      "{{ rm -f {0}; exit 1; }}",
      temporary, *checksum, mode, target);
  std::string complaint;
  CommandStreams streams;
  streams.err = [&](std::string_view bytes) { return append_bounded(complaint, bytes); };
  streams.input = [&](std::span<char> buffer) -> Result<std::size_t> {
    const ssize_t n = ::read(file.fd(), buffer.data(), buffer.size());
    if (n < 0) return file_error(ErrorKind::no_input, "read", local_path);
    return static_cast<std::size_t>(n);
  };
  const Result<int> status = perform(command, streams, transfer_timeout);
  if (!status.ok()) return status.error();
  if (status.value() == 0) return {};
  return Error{ErrorKind::cannot_write,
               fmt::format("{}: upload of {} to {} failed: {}", address_.name, local_path,
                           remote_path, complaint.empty() ? "checksum differs" : complaint)};
}

Status SshNode::download(const std::string& remote_path, const std::string& local_path) {
  const std::string temporary = fmt::format("{}.download-{}", local_path, ::getpid());
  File file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file.fd() < 0) return file_error(ErrorKind::cannot_write, "write", temporary);
  std::string complaint;
  CommandStreams streams;
  streams.err = [&](std::string_view bytes) { return append_bounded(complaint, bytes); };
  streams.out = [&](std::string_view bytes) -> Status {
    while (!bytes.empty()) {
      const ssize_t n = ::write(file.fd(), bytes.data(), bytes.size());
      if (n < 0) return file_error(ErrorKind::cannot_write, "write", temporary);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  };
  const Result<int> exit = perform("cat " + shell_quote(remote_path), streams, transfer_timeout);
  Status status;
  if (!exit.ok()) {
    status = exit.error();
  } else if (exit.value() != 0) {
    status = Error{ErrorKind::no_input,
                   fmt::format("{}: cannot read {}: {}", address_.name, remote_path, complaint)};
  } else if (!file.close() || std::rename(temporary.c_str(), local_path.c_str()) != 0) {
    status = file_error(ErrorKind::cannot_write, "write", local_path);
  }
  if (!status.ok()) ::unlink(temporary.c_str());
  return status;
}

}  // namespace

Result<std::unique_ptr<Node>> connect_ssh(const NodeAddress& address, Nanos timeout) {
  Result<std::unique_ptr<SshSession>> session = SshSession::open(address, timeout);
  if (!session.ok()) return session.error();
  auto node = std::make_unique<SshNode>(address, std::move(*session), timeout);
  if (address.sudo) {
    const auto tried = node->run_apart("true", timeout);
    if (!tried.ok()) return tried.error();
    if (tried->exit_status != 0) {
      std::string why = tried->err;
      std::replace(why.begin(), why.end(), '\n', ' ');
      return Error{ErrorKind::not_permitted,
                   fmt::format("{}: sudo refuses to run commands {} a password: {}", address.name,
                               address.sudo_password.empty() ? "without" : "with", why)};
    }
  }
  return std::unique_ptr<Node>(std::move(node));
}

}  // namespace assay
