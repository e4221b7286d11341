#pragma once
// SshShell: a shell that stays and runs command after command on one channel. A command on a
// channel of its own costs the node's SSH server a copy of itself and a login shell, which takes
// longer than most commands do.

#include <memory>
#include <string>

#include "harness/control/ssh_session.h"

namespace assay {

/// Not thread-safe, like its session, which it must not outlive.
class SshShell {
 public:
  /// Error: unavailable.
  static Result<std::unique_ptr<SshShell>> start(SshSession& session, Nanos deadline);
  SshShell(const SshShell&) = delete;
  SshShell& operator=(const SshShell&) = delete;

  /// Runs a command as `sh -c` with no input. What children of earlier commands still write while
  /// it runs is taken for its output. After an error the shell is of no more use. Error:
  /// unavailable (broken, timed out, output over `output_bytes_max`); `was_sent` tells whether the
  /// command may have run.
  Result<CommandResult> run(const std::string& command, std::size_t output_bytes_max,
                            Nanos deadline, bool& was_sent);

 private:
  /// One output stream of the shell, from which the lines between marks are cut.
  struct Stream {
    std::string text;
    std::size_t searched = 0;  ///< no mark begins before this
    /// Where the line that begins with the mark does, once all of it has come; else npos.
    std::size_t find(const std::string& mark);
  };

  SshShell(SshSession& session, std::unique_ptr<SshChannel> channel);
  std::string next_mark();
  Status send(std::string_view text, Nanos deadline);
  /// Takes in what has come, without waiting. Error: unavailable.
  Status take();
  /// Until both streams hold the mark; each Stream::searched is then where. Error: unavailable.
  Status await(const std::string& mark, std::size_t bytes_max, Nanos deadline);

  SshSession& session_;
  std::unique_ptr<SshChannel> channel_;
  const std::string secret_;  ///< part of every mark; commands do not get to see it
  unsigned marks_ = 0;
  Stream out_;
  Stream err_;
};

}  // namespace assay
