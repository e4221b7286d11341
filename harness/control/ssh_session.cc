#include "harness/control/ssh_session.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace assay {
namespace {

constexpr int flush_ms = 200;
constexpr Nanos poll_slice = std::chrono::milliseconds(100);
constexpr const char* sudo_mark = "assay-begins-here";

/// Signals by the names that SSH gives them.
int signal_number(std::string_view name) {
  constexpr std::array<std::pair<std::string_view, int>, 12> table{{{"ABRT", SIGABRT},
                                                                    {"ALRM", SIGALRM},
                                                                    {"FPE", SIGFPE},
                                                                    {"HUP", SIGHUP},
                                                                    {"ILL", SIGILL},
                                                                    {"INT", SIGINT},
                                                                    {"KILL", SIGKILL},
                                                                    {"PIPE", SIGPIPE},
                                                                    {"QUIT", SIGQUIT},
                                                                    {"SEGV", SIGSEGV},
                                                                    {"TERM", SIGTERM},
                                                                    {"USR1", SIGUSR1}}};
  for (const auto& [known, number] : table) {
    if (known == name) return number;
  }
  return 0;
}

}  // namespace

int SshChannel::on_data(ssh_session /*session*/, ssh_channel /*channel*/, void* data,
                        std::uint32_t size, int is_stderr, void* user) {
  auto& self = *static_cast<SshChannel*>(user);
  (is_stderr != 0 ? self.err_ : self.out_).append(static_cast<const char*>(data), size);
  return static_cast<int>(size);
}

void SshChannel::on_exit_status(ssh_session /*session*/, ssh_channel /*channel*/, int status,
                                void* user) {
  static_cast<SshChannel*>(user)->exit_status_ = status;
}

void SshChannel::on_exit_signal(ssh_session /*session*/, ssh_channel /*channel*/, const char* name,
                                int /*core*/, const char* /*message*/, const char* /*language*/,
                                void* user) {
  static_cast<SshChannel*>(user)->exit_status_ = 128 + signal_number(name);
}

SshChannel::SshChannel(ssh_session session, ssh_channel channel)
    : session_(session), channel_(channel) {
  ssh_callbacks_init(&callbacks_);
  callbacks_.userdata = this;
  callbacks_.channel_data_function = on_data;
  callbacks_.channel_exit_status_function = on_exit_status;
  callbacks_.channel_exit_signal_function = on_exit_signal;
  ssh_set_channel_callbacks(channel_, &callbacks_);
}

SshChannel::~SshChannel() {
  ssh_remove_channel_callbacks(channel_, &callbacks_);
  ssh_channel_free(channel_);
}

Status SshChannel::pump() {
  // Each of these takes in packets only until what it asks for is known, hence both.
  const int answer = has_exited() ? 0 : ssh_channel_get_exit_status(channel_);
  const bool broken = (ssh_get_status(session_) & (SSH_CLOSED | SSH_CLOSED_ERROR)) != 0;
  if ((broken && answer == SSH_ERROR) ||
      (has_exited() && !at_end() && ssh_channel_poll(channel_, 0) == SSH_ERROR)) {
    return Error{ErrorKind::unavailable,
                 fmt::format("connection lost: {}", ssh_get_error(session_))};
  }
  return {};
}

Result<std::size_t> SshChannel::write(std::string_view bytes) {
  const std::uint32_t room = ssh_channel_window_size(channel_);
  const std::size_t count = std::min<std::size_t>(bytes.size(), room);
  if (count == 0) return std::size_t{0};
  const int n = ssh_channel_write(channel_, bytes.data(), static_cast<std::uint32_t>(count));
  if (n == SSH_ERROR) {
    return Error{ErrorKind::unavailable,
                 fmt::format("connection lost: {}", ssh_get_error(session_))};
  }
  return n > 0 ? static_cast<std::size_t>(n) : std::size_t{0};
}

void SshChannel::close_input() {
  ssh_channel_send_eof(channel_);
  ssh_blocking_flush(session_, flush_ms);
}

void SshChannel::kill() {
  ssh_channel_request_send_signal(channel_, "KILL");
  ssh_blocking_flush(session_, flush_ms);
}

Result<std::unique_ptr<SshSession>> SshSession::open(const NodeAddress& address, Nanos timeout) {
  // Writing to a connection that broke must be an error, not the end of the program.
  struct sigaction present {};
  ::sigaction(SIGPIPE, nullptr, &present);
  if (present.sa_handler == SIG_DFL) ::signal(SIGPIPE, SIG_IGN);

  ssh_session raw = ssh_new();
  if (raw == nullptr) return Error{ErrorKind::internal, "libssh has no memory for a session"};
  std::unique_ptr<SshSession> session(new SshSession(address, raw));
  Status status = session->connect(timeout);
  if (status.ok()) status = session->check_host_key();
  if (status.ok()) status = session->log_in();
  if (!status.ok()) return status.error();
  ssh_set_blocking(raw, 0);
  session->fd_ = ssh_get_fd(raw);
  return session;
}

SshSession::~SshSession() {
  // A polite farewell could block on a dead connection.
  if (is_connected()) ssh_silent_disconnect(session_);
  ssh_free(session_);
}

Status SshSession::connect(Nanos timeout) {
  const long micros =
      std::max<long>(1000, std::chrono::duration_cast<std::chrono::microseconds>(timeout).count());
  const long seconds = micros / 1'000'000;
  const long micros_left = micros % 1'000'000;
  const unsigned port = address_.port;
  const int yes = 1;
  ssh_options_set(session_, SSH_OPTIONS_HOST, address_.host.c_str());
  if (port != 0) ssh_options_set(session_, SSH_OPTIONS_PORT, &port);
  if (!address_.user.empty()) ssh_options_set(session_, SSH_OPTIONS_USER, address_.user.c_str());
  if (!address_.is_own) {
    const bool no = false;
    ssh_options_set(session_, SSH_OPTIONS_PROCESS_CONFIG, &no);
    ssh_options_set(session_, SSH_OPTIONS_KNOWNHOSTS, address_.known_hosts_file.c_str());
    ssh_options_set(session_, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
  }
  ssh_options_set(session_, SSH_OPTIONS_TIMEOUT, &seconds);
  ssh_options_set(session_, SSH_OPTIONS_TIMEOUT_USEC, &micros_left);
  ssh_options_set(session_, SSH_OPTIONS_NODELAY, &yes);
  if (ssh_connect(session_) != SSH_OK) {
    return error(ErrorKind::unavailable,
                 fmt::format("no SSH connection within {}", format_duration(timeout)));
  }
  return {};
}

Status SshSession::check_host_key() {
  switch (ssh_session_is_known_server(session_)) {
    case SSH_KNOWN_HOSTS_OK:
      return {};
    case SSH_KNOWN_HOSTS_CHANGED:
      return Error{
          ErrorKind::not_permitted,
          fmt::format("{}: host key has CHANGED: {} answers with another key than {} says; "
                      "another machine answers there, or it was installed anew; if you "
                      "know why, correct that file",
                      address_.name, address_.host, address_.known_hosts_file)};
    case SSH_KNOWN_HOSTS_OTHER:
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
      return Error{
          ErrorKind::not_permitted,
          fmt::format("{}: host key of {} is unknown: {} has no key of the type it answers "
                      "with; add it after checking it (ssh-keyscan {}{})",
                      address_.name, address_.host, address_.known_hosts_file,
                      address_.port == 0 ? "" : fmt::format("-p {} ", address_.port),
                      address_.host)};
    case SSH_KNOWN_HOSTS_ERROR:
      break;
  }
  return error(ErrorKind::not_permitted, "host key could not be checked");
}

Status SshSession::log_in() {
  if (address_.is_own && address_.identity_file.empty()) {
    // The agent's keys, then those of ~/.ssh and its config.
    const int answer = ssh_userauth_publickey_auto(session_, nullptr, nullptr);
    if (answer == SSH_AUTH_SUCCESS) return {};
    if (answer == SSH_AUTH_ERROR) return error(ErrorKind::unavailable, "login broke off");
    return error(ErrorKind::not_permitted,
                 "login refused with every key of the SSH agent and of ~/.ssh");
  }
  ssh_key key = nullptr;
  if (::access(address_.identity_file.c_str(), R_OK) != 0) {
    return Error{errno == EACCES ? ErrorKind::not_permitted : ErrorKind::no_input,
                 fmt::format("{}: cannot read private key '{}': {}", address_.name,
                             address_.identity_file, std::strerror(errno))};
  }
  if (ssh_pki_import_privkey_file(address_.identity_file.c_str(), nullptr, nullptr, nullptr,
                                  &key) != SSH_OK) {
    return Error{ErrorKind::bad_data,
                 fmt::format("{}: '{}' is no private key that can be used without a passphrase",
                             address_.name, address_.identity_file)};
  }
  const int answer = ssh_userauth_publickey(session_, nullptr, key);
  ssh_key_free(key);
  if (answer == SSH_AUTH_SUCCESS) return {};
  if (answer == SSH_AUTH_ERROR) return error(ErrorKind::unavailable, "login broke off");
  return error(ErrorKind::not_permitted, fmt::format("login as {} with key {} refused",
                                                     address_.user, address_.identity_file));
}

Error SshSession::error(ErrorKind kind, const std::string& what) const {
  std::string message =
      fmt::format("{}: {} ({} port {})", address_.name, what, address_.host, address_.port);
  const std::string detail = ssh_get_error(session_);
  if (!detail.empty()) message += ": " + detail;
  std::replace(message.begin(), message.end(), '\n', ' ');
  return {kind, message};
}

Result<std::unique_ptr<SshChannel>> SshSession::execute(const std::string& command, Nanos deadline,
                                                        bool& was_requested) {
  was_requested = false;
  ssh_channel raw = ssh_channel_new(session_);
  if (raw == nullptr) return error(ErrorKind::unavailable, "no channel");
  std::unique_ptr<SshChannel> channel(new SshChannel(session_, raw));
  int answer = SSH_AGAIN;
  while ((answer = ssh_channel_open_session(raw)) == SSH_AGAIN) {
    if (monotonic_now() >= deadline) break;
    wait(deadline, has_unsent());
  }
  if (answer != SSH_OK) {
    return error(ErrorKind::unavailable, answer == SSH_AGAIN ? "no answer" : "no channel");
  }
  was_requested = true;
  const std::string words = as_asked(command);
  while ((answer = ssh_channel_request_exec(raw, words.c_str())) == SSH_AGAIN) {
    if (monotonic_now() >= deadline) break;
    wait(deadline, has_unsent());
  }
  if (answer != SSH_OK) {
    return error(ErrorKind::unavailable, answer == SSH_AGAIN ? "no answer" : "command not started");
  }
  if (const Status given = hand_over_password(*channel, deadline); !given.ok()) {
    return given.error();
  }
  return channel;
}

// Where there is a password it is the first line of the command's input, never a word of it, and
// the mark is the second. sudo takes the first if it asks at all, and -k has it ask whenever it
// ever would; the shell that it starts takes what is left of the two, so that the command's own
// input begins after them. Both read byte by byte and not a byte too far.
std::string SshSession::as_asked(const std::string& command) const {
  if (!address_.sudo) return command;
  if (address_.sudo_password.empty()) return "exec sudo -n -- sh -c " + shell_quote(command);
  return "exec sudo -k -S -p '' -- sh -c " +
         shell_quote(fmt::format("IFS= read -r line; [ \"$line\" = {0} ] || IFS= read -r line; {1}",
                                 sudo_mark, command));
}

Status SshSession::hand_over_password(SshChannel& channel, Nanos deadline) {
  if (!address_.sudo || address_.sudo_password.empty()) return {};
  const std::string lines = fmt::format("{}\n{}\n", address_.sudo_password, sudo_mark);
  for (std::string_view rest = lines; !rest.empty();) {
    const Result<std::size_t> sent = channel.write(rest);
    if (!sent.ok()) return sent.error();
    rest.remove_prefix(*sent);
    if (monotonic_now() >= deadline) return error(ErrorKind::unavailable, "no answer");
    if (!rest.empty()) wait(deadline, has_unsent());
  }
  return {};
}

void SshSession::wait(Nanos deadline, bool unsent) const {
  // In slices: what libssh has taken in already does not show on the socket.
  const Nanos left = std::min(deadline - monotonic_now(), poll_slice);
  if (left <= Nanos::zero()) return;
  pollfd polled{fd_, static_cast<short>(unsent ? POLLIN | POLLOUT : POLLIN), 0};
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(left).count();
  ::poll(&polled, 1, static_cast<int>(millis + 1));
}

bool SshSession::has_unsent() const {
  return (ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0;
}

bool SshSession::is_connected() const {
  // ssh_is_connected stays true after a socket error; the status does not.
  return ssh_is_connected(session_) != 0 &&
         (ssh_get_status(session_) & (SSH_CLOSED | SSH_CLOSED_ERROR)) == 0;
}

namespace {

/// The state of one carrying.
struct Carrier {
  SshChannel& channel;
  const CommandStreams& streams;
  std::array<char, 32768> buffer{};
  std::string pending;  ///< input not yet sent
  bool input_open = true;

  /// True if anything moved.
  Result<bool> send_input() {
    if (!input_open) return false;
    if (pending.empty()) {
      std::size_t count = 0;
      if (streams.input) {
        const Result<std::size_t> got = streams.input(buffer);
        if (!got.ok()) return got.error();
        count = got.value();
      }
      if (count == 0) {
        channel.close_input();
        input_open = false;
        return true;
      }
      pending.assign(buffer.data(), count);
    }
    const Result<std::size_t> sent = channel.write(pending);
    if (!sent.ok()) return sent.error();
    pending.erase(0, sent.value());
    return sent.value() > 0;
  }

  Result<bool> take_output() {
    if (Status status = channel.pump(); !status.ok()) return status.error();
    bool moved = false;
    for (const auto& [sink, bytes] : {std::pair{&streams.out, channel.take_out()},
                                      std::pair{&streams.err, channel.take_err()}}) {
      if (bytes.empty()) continue;
      moved = true;
      if (!*sink) continue;
      if (Status status = (*sink)(bytes); !status.ok()) return status.error();
    }
    return moved;
  }
};

}  // namespace

Result<int> carry_streams(SshSession& session, SshChannel& channel, const CommandStreams& streams,
                          Nanos deadline) {
  constexpr Nanos quiet_after_exit = std::chrono::milliseconds(500);
  Carrier carrier{channel, streams, {}, {}, true};
  Nanos last_moved = monotonic_now();
  while (true) {
    const Result<bool> taken = carrier.take_output();
    if (!taken.ok()) return taken.error();
    bool moved = taken.value();
    if (!channel.has_exited()) {
      const Result<bool> sent = carrier.send_input();
      if (!sent.ok()) return sent.error();
      moved = moved || sent.value();
    }
    const Nanos now = monotonic_now();
    if (moved) last_moved = now;
    if (channel.has_exited()) {
      const bool complete = channel.at_end() && !moved;
      if (complete || now - last_moved >= quiet_after_exit || now >= deadline) {
        return channel.exit_status();
      }
    } else if (now >= deadline) {
      channel.kill();
      return Error{ErrorKind::unavailable, "timed out; it was asked to stop, but may still run"};
    } else if (!moved && channel.is_closed()) {
      return Error{ErrorKind::unavailable, "ended without an exit status"};
    } else if (!moved && !session.is_connected()) {
      return Error{ErrorKind::unavailable, "connection lost; the command may or may not have run"};
    }
    if (!moved) session.wait(deadline, session.has_unsent());
  }
}

}  // namespace assay
