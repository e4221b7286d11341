#include "harness/control/ssh_process.h"

#include <fmt/format.h>

#include <array>
#include <mutex>
#include <optional>
#include <utility>

#include "harness/control/ssh_session.h"

namespace assay {
namespace {

constexpr std::size_t line_bytes_max = 16u << 20;
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
      {
        const std::lock_guard<std::mutex> exclusive(mutex_);
        if (const Status taken = take(); !taken.ok()) return taken;
        if (channel_->has_exited() || channel_->at_end() || !session_->is_connected()) {
          return ended();
        }
        const Result<std::size_t> sent = channel_->write(left);
        if (!sent.ok()) return sent.error().in(name_);
        left.remove_prefix(sent.value());
      }
      if (left.empty()) break;
      if (monotonic_now() >= deadline) {
        return Error{ErrorKind::unavailable,
                     fmt::format("{}: its command does not read its input", name_)};
      }
      session_->wait_readable(deadline);
    }
    return {};
  }

  Result<std::string> read_line(Nanos timeout) override {
    const Nanos deadline = monotonic_now() + timeout;
    while (true) {
      {
        const std::lock_guard<std::mutex> exclusive(mutex_);
        if (std::optional<std::string> line = next_line()) return *line;
        const bool at_end = channel_->at_end();
        if (const Status taken = take(); !taken.ok()) return taken.error();
        if (std::optional<std::string> line = next_line()) return *line;
        if (at_end) return ended();
        if (!session_->is_connected()) {
          return Error{ErrorKind::unavailable, fmt::format("{}: connection lost", name_)};
        }
      }
      if (monotonic_now() >= deadline) {
        return Error{ErrorKind::unavailable,
                     fmt::format("{}: no line within {}", name_, format_duration(timeout))};
      }
      session_->wait_readable(deadline);
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
    std::array<char, 8192> buffer{};
    for (const bool from_stderr : {false, true}) {
      while (true) {
        const Result<std::size_t> count = channel_->read(buffer, from_stderr);
        if (!count.ok()) return count.error().in(name_);
        if (count.value() == 0) break;
        std::string& text = from_stderr ? complaint_ : text_;
        text.append(buffer.data(), count.value());
        if (from_stderr && text.size() > complaint_bytes_max) {
          text.erase(0, text.size() - complaint_bytes_max);
        }
        if (text.size() > line_bytes_max) {
          return Error{ErrorKind::unavailable,
                       fmt::format("{}: a line of more than {} MiB", name_, line_bytes_max >> 20)};
        }
      }
    }
    return {};
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
  std::string text_;        ///< output not yet given out
  std::size_t searched_ = 0;
  std::string complaint_;   ///< the end of its stderr
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
