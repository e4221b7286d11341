// The journal's writer: whole blocks, one system call each, so that a kill between two calls leaves
// whole blocks only.
#include "history/journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/assert.h"
#include "base/clock.h"
#include "history/journal_codec.h"

namespace assay {
namespace {

constexpr std::size_t block_bytes = std::size_t{64} << 10U;
constexpr Nanos flush_interval = std::chrono::milliseconds(50);

Error cannot_write(const std::string& path, int error) {
  return {ErrorKind::cannot_write,
          fmt::format("{}: {}", path, std::generic_category().message(error))};
}

}  // namespace

struct JournalWriter::State {
  explicit State(std::string name) : path(std::move(name)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (fd >= 0) ::close(fd);
  }

  /// After a failure the file is cut back to its last whole block, and nothing more is written.
  Status write(std::string_view bytes) {
    if (failure) return *failure;
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const ssize_t count = ::write(fd, rest.data(), rest.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) {
        failure = cannot_write(path, errno);
        [[maybe_unused]] const int ignored = ::ftruncate(fd, written);
        return *failure;
      }
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    written += static_cast<off_t>(bytes.size());
    return {};
  }

  std::string path;
  int fd = -1;
  off_t written = 0;
  JournalEncoder encoder;
  Nanos block_began{0};
  std::optional<Error> failure;
};

JournalWriter::JournalWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
JournalWriter::JournalWriter(JournalWriter&&) noexcept = default;
JournalWriter& JournalWriter::operator=(JournalWriter&& other) noexcept {
  if (this != &other) {
    if (state_) static_cast<void>(flush());
    state_ = std::move(other.state_);
  }
  return *this;
}
JournalWriter::~JournalWriter() {
  if (state_) static_cast<void>(flush());
}

Result<JournalWriter> JournalWriter::create(const std::string& path, const HistoryInfo& info) {
  auto state = std::make_unique<State>(path);
  state->fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (state->fd < 0) return cannot_write(path, errno);
  if (auto status = state->write(JournalEncoder::header(info)); !status) return status.error();
  return JournalWriter(std::move(state));
}

Status JournalWriter::append(const Event& event) {
  State& state = *state_;
  ASSAY_ASSERT(state.fd >= 0);  // not after close()
  if (state.failure) return *state.failure;
  const Nanos now = monotonic_now();
  if (state.encoder.pending_bytes() == 0) state.block_began = now;
  state.encoder.add(event);
  if (state.encoder.pending_bytes() < block_bytes && now - state.block_began < flush_interval) {
    return {};
  }
  return flush();
}

Status JournalWriter::flush() {
  if (state_->fd < 0) return {};
  const std::string block = state_->encoder.take_block();
  return block.empty() ? Status() : state_->write(block);
}

Status JournalWriter::close() {
  State& state = *state_;
  if (state.fd < 0) return {};
  if (auto status = flush(); !status) return status;
  if (auto status = state.write(state.encoder.end_mark()); !status) return status;
  const int closed = ::close(state.fd);
  state.fd = -1;
  if (closed != 0) return cannot_write(state.path, errno);
  return {};
}

}  // namespace assay
