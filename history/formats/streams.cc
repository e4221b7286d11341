#include "history/formats/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
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
  FileSource(std::string path, int fd, bool owned)
      : path_(std::move(path)), fd_(fd), owned_(owned) {}
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override {
    if (owned_) ::close(fd_);
  }
  std::optional<Error> error() const override { return error_; }

 protected:
  std::size_t fill(char* to, std::size_t count) override {
    while (true) {
      const ssize_t got = ::read(fd_, to, count);
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno == EINTR) continue;
      error_ = no_input(path_, errno);
      return 0;
    }
  }

 private:
  std::string path_;
  int fd_;
  bool owned_;
  std::optional<Error> error_;
};

}  // namespace

std::string_view ByteSource::peek(std::size_t count) {
  if (gptr() == nullptr) setg(buffer_.data(), buffer_.data(), buffer_.data());
  while (static_cast<std::size_t>(egptr() - gptr()) < count) {
    const std::size_t got = fill(egptr(), count - static_cast<std::size_t>(egptr() - gptr()));
    if (got == 0) break;
    setg(buffer_.data(), gptr(), egptr() + got);
  }
  return {gptr(), std::min(count, static_cast<std::size_t>(egptr() - gptr()))};
}

ByteSource::int_type ByteSource::underflow() {
  if (gptr() != nullptr && gptr() < egptr()) return traits_type::to_int_type(*gptr());
  const std::size_t got = fill(buffer_.data(), buffer_.size());
  setg(buffer_.data(), buffer_.data(), buffer_.data() + got);
  return got == 0 ? traits_type::eof() : traits_type::to_int_type(*gptr());
}

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  if (path == "-") {
    return std::unique_ptr<ByteSource>(
        std::make_unique<FileSource>("standard input", STDIN_FILENO, false));
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return no_input(path, errno);
  auto source = std::make_unique<FileSource>(path, fd, true);
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
