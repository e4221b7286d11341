#pragma once
// Node: one machine of the cluster under test, reached by SSH only.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay {

struct NodeAddress {
  std::string name;  ///< n1, n2, …
  std::string host;  ///< address for SSH and for clients
  std::uint16_t port = 22;
  std::string user = "root";
  std::string identity_file;     ///< private key; with `is_own`, empty: the user's keys and agent
  std::string known_hosts_file;  ///< host keys are always checked against it
  /// A machine of the user's: ~/.ssh/config is honoured (HostName, Port, User, IdentityFile,
  /// ProxyJump), where user and port are not given here (empty, 0).
  bool is_own = false;
  bool sudo = false;          ///< commands are run by sudo
  std::string sudo_password;  ///< what sudo may ask for; empty: it must ask for nothing

  /// Where its SSH server listens, as far as is known here.
  std::uint16_t ssh_port() const { return port == 0 ? std::uint16_t{22} : port; }
};

struct CommandResult {
  int exit_status = 0;
  std::string out;
  std::string err;
};

/// A long-lived command with a line protocol on its standard streams: the fault agent.
/// Closing it closes the remote standard input.
class RemoteProcess {
 public:
  virtual ~RemoteProcess() = default;
  virtual Status write_line(const std::string& line) = 0;
  /// Error (unavailable) on timeout or when the command ended.
  virtual Result<std::string> read_line(Nanos timeout) = 0;
};

/// Thread-safe: calls are serialised on one SSH session, reopened after it broke. Errors are
/// unavailable (cannot connect, timed out) or not_permitted (host key or login refused).
class Node {
 public:
  virtual ~Node() = default;
  virtual const NodeAddress& address() const = 0;
  const std::string& name() const { return address().name; }

  /// Runs a shell command; a non-zero exit status is not an Error.
  virtual Result<CommandResult> run(const std::string& command, Nanos timeout) = 0;
  Result<CommandResult> run(const std::string& command) {
    return run(command, std::chrono::seconds(20));
  }
  /// Like run, but a non-zero exit status is an Error that carries the command's stderr.
  Result<std::string> must_run(const std::string& command);
  virtual Status upload(const std::string& local_path, const std::string& remote_path,
                        unsigned mode) = 0;
  virtual Status download(const std::string& remote_path, const std::string& local_path) = 0;
  /// Opens a session of its own for the command.
  virtual Result<std::unique_ptr<RemoteProcess>> start(const std::string& command) = 0;
};

/// Text as one word for a POSIX shell.
std::string shell_quote(const std::string& text);

/// CRC and size of a file as POSIX cksum prints them. Error: no_input.
Result<std::string> checksum_of(const std::string& path);

/// A node reached through libssh: key login, host key checked against known_hosts_file, no delay.
/// Error: unavailable, not_permitted (host key, login or sudo refused), no_input (no such key).
Result<std::unique_ptr<Node>> connect_ssh(const NodeAddress& address, Nanos timeout);

/// A machine that is known by its name only, such as one whose server is asked over the network and
/// nothing else: every command is an Error (unavailable).
std::unique_ptr<Node> named_node(const std::string& name);

}  // namespace assay
