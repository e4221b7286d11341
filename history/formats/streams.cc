#include "history/formats/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>
#include <utility>

#include "history/formats/compression.h"

namespace assay {
namespace {

Error no_input(const std::string& path, int error) {
  return {ErrorKind::no_input, fmt::format("{}: {}", path, std::generic_category().message(error))};
}

class FileSource : public ByteSource {
 public:
  FileSource(std::string path, int fd, bool owned, InputWatch watch)
      : path_(std::move(path)), fd_(fd), owned_(owned), watch_(std::move(watch)) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (owned_) ::close(fd_);
  }
  std::optional<Error> error() const override { return error_; }

 protected:
  std::size_t fill(char* to, std::size_t count) override {
    if (error_ || (watch_.active() && !wait())) return 0;
    while (true) {
      const ssize_t got = ::read(fd_, to, count);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno == EINTR) continue;
      error_ = no_input(path_, errno);
      return 0;
    }
  }
  bool would_wait() const override {
    pollfd input{fd_, POLLIN, 0};
    return ::poll(&input, 1, 0) == 0;
  }

 private:
  /// Until there is something to read, or the end. False if the reading is to end.
  bool wait() {
    std::array<pollfd, 2> inputs{{{fd_, POLLIN, 0}, {watch_.stop_fd, POLLIN, 0}}};
    for (int patience = 0;;) {
      const int ready = ::poll(inputs.data(), inputs.size(), patience);
      if (ready < 0 && errno != EINTR) return true;  // reading will say what is wrong
      if (ready > 0 && inputs[1].revents != 0) break;
      if (ready > 0) return true;
      if (ready < 0) continue;
      patience = -1;
      if (watch_.on_pause == nullptr) continue;
      const auto pause = watch_.on_pause();
      if (!pause) break;
      if (*pause < std::chrono::hours(1)) {
        patience = 1 + static_cast<int>(
                           std::chrono::duration_cast<std::chrono::milliseconds>(*pause).count());
      }
    }
    error_ = Error{ErrorKind::no_input, "the reading was ended"};
    return false;
  }

  std::string path_;
  int fd_;
  bool owned_;
  InputWatch watch_;
  std::optional<Error> error_;
};

}  // namespace

std::string_view ByteSource::peek(std::size_t least, std::size_t most) {
  if (gptr() == nullptr) setg(buffer_.data(), buffer_.data(), buffer_.data());
  const auto there = [this] { return static_cast<std::size_t>(egptr() - gptr()); };
  while (there() < most) {
    if (there() >= least && would_wait()) break;
    const std::size_t got = fill(egptr(), most - there());
    if (got == 0) break;
    setg(buffer_.data(), gptr(), egptr() + got);
  }
  return {gptr(), std::min(most, there())};
}

ByteSource::int_type ByteSource::underflow() {
  if (gptr() != nullptr && gptr() < egptr()) return traits_type::to_int_type(*gptr());
  const std::size_t got = fill(buffer_.data(), buffer_.size());
  setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
  return got == 0 ? traits_type::eof() : traits_type::to_int_type(*gptr());
}

std::size_t ByteSource::read_some(char* to, std::size_t count) {
  const auto there = static_cast<std::size_t>(egptr() - gptr());
  if (there == 0) return fill(to, count);
  const std::size_t taken = std::min(there, count);
  std::memcpy(to, gptr(), taken);
  gbump(static_cast<int>(taken));
  return taken;
}

/// Large pieces go past the buffer.
std::streamsize ByteSource::xsgetn(char* to, std::streamsize count) {
  std::streamsize done = 0;
  while (done < count) {
    const auto left = static_cast<std::size_t>(count - done);
    if (gptr() == egptr() && left < buffer_bytes && underflow() == traits_type::eof()) break;
    const std::size_t got = read_some(to + done, left);
    if (got == 0) break;
    done += static_cast<std::streamsize>(got);
  }
  return done;
}

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path, const InputWatch& watch) {
  if (path == "-") {
    return std::unique_ptr<ByteSource>(
        std::make_unique<FileSource>("standard input", STDIN_FILENO, false, watch));
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return no_input(path, errno);
  auto source = std::make_unique<FileSource>(path, fd, true, watch);
  struct stat about {};
  if (::fstat(fd, &about) != 0) return no_input(path, errno);
  if (S_ISDIR(about.st_mode)) return no_input(path, EISDIR);
  return std::unique_ptr<ByteSource>(std::move(source));
}

std::unique_ptr<ByteSource> decompressed(std::unique_ptr<ByteSource> source) {
  const std::string_view start = source->peek(4);
  if (start.starts_with("\x1F\x8B")) return gzip_source(std::move(source));
  if (start == "\x28\xB5\x2F\xFD") return zstd_source(std::move(source));
  return source;
}

namespace {

class PlainSink : public ByteSink {
 public:
  explicit PlainSink(std::streambuf& output) : output_(output) {}
  Status finish() override {
    if (!failed_) return {};
    return Error{ErrorKind::cannot_write, "the output could not be written"};
  }

 protected:
  std::streamsize xsputn(const char* from, std::streamsize count) override {
    const std::streamsize put = output_.sputn(from, count);
    if (put != count) failed_ = true;
    return put;
  }
  int_type overflow(int_type c) override {
    if (c == traits_type::eof()) return traits_type::not_eof(c);
    const char byte = traits_type::to_char_type(c);
    return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
  }

 private:
  std::streambuf& output_;
  bool failed_ = false;
};

}  // namespace

std::unique_ptr<ByteSink> compressed(std::streambuf& output, std::string_view path) {
  if (path.ends_with(".gz")) return gzip_sink(output);
  if (path.ends_with(".zst")) return zstd_sink(output);
  return std::make_unique<PlainSink>(output);
}

}  // namespace assay
