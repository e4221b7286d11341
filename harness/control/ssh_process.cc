#include "harness/control/ssh_process.h"

#include <fmt/format.h>

#include <mutex>
#include <optional>
#include <utility>

#include "harness/control/ssh_session.h"

namespace assay {
namespace {

constexpr std::size_t backlog_bytes_max = 16u << 20;
constexpr std::size_t complaint_bytes_max = 4096;
constexpr Nanos write_timeout = std::chrono::seconds(10);

class SshProcess final : public RemoteProcess {
 public:
  SshProcess(std::string name, std::unique_ptr<SshSession> session,
             std::unique_ptr<SshChannel> channel)
      : name_(std::move(name)), session_(std::move(session)), channel_(std::move(channel)) {}

  ~SshProcess() override {
    if (session_->is_connected()) channel_->close_input();
  }

  Status write_line(const std::string& line) override {
    const std::lock_guard<std::mutex> one_line(write_mutex_);
    const std::string text = line + "\n";
    std::string_view left = text;
    const Nanos deadline = monotonic_now() + write_timeout;
    while (!left.empty()) {
      bool unsent = false;
      {
        const std::lock_guard<std::mutex> exclusive(mutex_);
        if (const Status taken = take(); !taken.ok()) return taken;
        if (channel_->has_exited() || channel_->at_end() || !session_->is_connected()) {
          return ended();
        }
        const Result<std::size_t> sent = channel_->write(left);
        if (!sent.ok()) return sent.error().in(name_);
        left.remove_prefix(sent.value());
        unsent = session_->has_unsent();
      }
      if (left.empty()) break;
      if (monotonic_now() >= deadline) {
        return Error{ErrorKind::unavailable,
                     fmt::format("{}: its command does not read its input", name_)};
      }
      session_->wait(deadline, unsent);
    }
    return {};
  }

  Result<std::string> read_line(Nanos timeout) override {
    const Nanos deadline = monotonic_now() + timeout;
    while (true) {
      bool unsent = false;
      {
        const std::lock_guard<std::mutex> exclusive(mutex_);
        if (std::optional<std::string> line = next_line()) return *line;
        if (const Status taken = take(); !taken.ok()) return taken.error();
        if (std::optional<std::string> line = next_line()) return *line;
        const bool exit_unknown = !channel_->has_exited() && !channel_->is_closed();
        // The exit status comes right after the end of the output, and belongs to the message.
        if (channel_->at_end() && !exit_unknown) return ended();
        if (!session_->is_connected()) {
          return Error{ErrorKind::unavailable, fmt::format("{}: connection lost", name_)};
        }
        unsent = session_->has_unsent();
      }
      if (monotonic_now() >= deadline) {
        return Error{ErrorKind::unavailable,
                     fmt::format("{}: no line within {}", name_, format_duration(timeout))};
      }
      session_->wait(deadline, unsent);
    }
  }

 private:
  std::optional<std::string> next_line() {
    const std::size_t end = text_.find('\n', searched_);
    if (end == std::string::npos) {
      searched_ = text_.size();
      return std::nullopt;
    }
    std::string line = text_.substr(0, end);
    text_.erase(0, end + 1);
    searched_ = 0;
    return line;
  }

  /// Takes in what has come.
  Status take() {
    if (const Status pumped = channel_->pump(); !pumped.ok()) return pumped.error().in(name_);
    text_ += channel_->take_out();
    complaint_ += channel_->take_err();
    if (complaint_.size() > complaint_bytes_max) {
      complaint_.erase(0, complaint_.size() - complaint_bytes_max);
    }
    if (text_.size() <= backlog_bytes_max) return {};
    return Error{ErrorKind::unavailable, fmt::format("{}: more than {} MiB of output not read yet",
                                                     name_, backlog_bytes_max >> 20)};
  }

  Error ended() const {
    std::string message =
        fmt::format("{}: its command {}", name_,
                    session_->is_connected() ? "ended" : "is out of reach: connection lost");
    if (channel_->has_exited()) {
      message += fmt::format(" with status {}", channel_->exit_status());
    }
    if (!complaint_.empty()) {
      message += ": ";
      for (const char c : complaint_) message += c == '\n' ? ' ' : c;
    }
    return {ErrorKind::unavailable, message};
  }

  const std::string name_;
  std::mutex write_mutex_;  ///< held for a whole line
  std::mutex mutex_;        ///< held for one call into libssh; never while waiting
  std::unique_ptr<SshSession> session_;
  std::unique_ptr<SshChannel> channel_;
  std::string text_;  ///< output not yet given out
  std::size_t searched_ = 0;
  std::string complaint_;  ///< the end of its stderr
};

}  // namespace

Result<std::unique_ptr<RemoteProcess>> start_ssh_process(const NodeAddress& address,
                                                         const std::string& command,
                                                         Nanos timeout) {
  const Nanos deadline = monotonic_now() + timeout;
  Result<std::unique_ptr<SshSession>> session = SshSession::open(address, timeout);
  if (!session.ok()) return session.error();
  bool was_requested = false;
  Result<std::unique_ptr<SshChannel>> channel =
      (*session)->execute(command, deadline, was_requested);
  if (!channel.ok()) return channel.error();
  return std::unique_ptr<RemoteProcess>(
      new SshProcess(address.name, std::move(*session), std::move(*channel)));
}

}  // namespace assay
