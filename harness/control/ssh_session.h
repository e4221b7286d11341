#pragma once
// SshSession: one SSH connection and the commands that run over it, on libssh. After connecting,
// libssh is only used without blocking: every wait has a deadline of ours.

#include <libssh/callbacks.h>
#include <libssh/libssh.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "harness/control/node.h"

namespace assay {

/// A command on a channel of its own. Not thread-safe, like its session, which it must not
/// outlive.
class SshChannel {
 public:
  ~SshChannel();
  SshChannel(const SshChannel&) = delete;
  SshChannel& operator=(const SshChannel&) = delete;

  /// Takes in what has come, without waiting. Error: unavailable (broken).
  Status pump();
  /// What has come on a stream since the last call.
  std::string take_out() { return std::exchange(out_, {}); }
  std::string take_err() { return std::exchange(err_, {}); }
  /// Sends what the other side has room for, maybe 0 bytes. Error: unavailable.
  Result<std::size_t> write(std::string_view bytes);
  /// Closes the command's standard input.
  void close_input();
  /// Both output streams have ended, and pump has taken in all of them.
  bool at_end() const { return ssh_channel_is_eof(channel_) != 0; }
  /// The other side has closed the channel: nothing more will come, not even an exit status.
  bool is_closed() const { return ssh_channel_is_closed(channel_) != 0; }
  bool has_exited() const { return exit_status_ >= 0; }
  /// REQUIRES has_exited; 128 + signal number if a signal ended it.
  int exit_status() const { return exit_status_; }
  /// Asks the server to kill the command; it may not listen.
  void kill();

 private:
  friend class SshSession;
  SshChannel(ssh_session session, ssh_channel channel);
  static int on_data(ssh_session session, ssh_channel channel, void* data, std::uint32_t size,
                     int is_stderr, void* user);
  static void on_exit_status(ssh_session session, ssh_channel channel, int status, void* user);
  static void on_exit_signal(ssh_session session, ssh_channel channel, const char* name, int core,
                             const char* message, const char* language, void* user);

  ssh_session session_;
  ssh_channel channel_;
  ssh_channel_callbacks_struct callbacks_{};
  int exit_status_ = -1;
  std::string out_;
  std::string err_;
};

class SshSession {
 public:
  /// Error: unavailable, not_permitted (host key or login refused), no_input (no such key file).
  static Result<std::unique_ptr<SshSession>> open(const NodeAddress& address, Nanos timeout);
  ~SshSession();
  SshSession(const SshSession&) = delete;
  SshSession& operator=(const SshSession&) = delete;

  /// Starts a shell command. Error: unavailable; `was_requested` tells whether it may have run.
  Result<std::unique_ptr<SshChannel>> execute(const std::string& command, Nanos deadline,
                                              bool& was_requested);
  bool is_connected() const;
  /// libssh holds bytes that the socket did not take yet.
  bool has_unsent() const;
  /// Waits until something may have come or, with `unsent`, may go; at most until the deadline.
  /// Needs no exclusion, so it is told what has_unsent said.
  void wait(Nanos deadline, bool unsent) const;

 private:
  SshSession(NodeAddress address, ssh_session session)
      : address_(std::move(address)), session_(session) {}
  Status connect(Nanos timeout);
  Status check_host_key();
  Status log_in();
  std::string as_asked(const std::string& command) const;
  Status hand_over_password(SshChannel& channel, Nanos deadline);
  Error error(ErrorKind kind, const std::string& what) const;

  NodeAddress address_;
  ssh_session session_;
  int fd_ = -1;  ///< for waiting; libssh owns it
};

/// Where a command's input comes from and its output goes. Empty functions: no input, and output
/// is thrown away.
struct CommandStreams {
  std::function<Result<std::size_t>(std::span<char>)> input;  ///< 0 bytes: the end
  std::function<Status(std::string_view)> out;
  std::function<Status(std::string_view)> err;
};

/// Carries the streams until the command has exited; gives its exit status. A command that leaves
/// children holding its output counts as ended half a second after it exited. Error: unavailable
/// (broken, timed out), or what a stream said.
Result<int> carry_streams(SshSession& session, SshChannel& channel, const CommandStreams& streams,
                          Nanos deadline);

}  // namespace assay
