#pragma once
// Byte streams under the formats: looking ahead, decompressing and compressing.

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay {

/// What happens while an input that grows has nothing new.
struct InputWatch {
  /// Called before the reader waits; says for how long, after which it is called again. Nothing:
  /// the reading ends here, as an error of the source. May be empty.
  std::function<std::optional<Nanos>()> on_pause{};
  int stop_fd = -1;  ///< the reading ends as soon as this can be read; -1: there is none

  bool active() const { return stop_fd >= 0 || on_pause != nullptr; }
};

/// A buffered source that can show its beginning before it is read.
class ByteSource : public std::streambuf {
 public:
  ByteSource() : buffer_(buffer_bytes) {}
  /// Up to `count` bytes from the beginning. REQUIRES: nothing was read; count <= buffer_bytes.
  std::string_view peek(std::size_t count) { return peek(count, count); }
  /// As much of the beginning, up to `most`, as there is without waiting; but `least` in any case.
  std::string_view peek(std::size_t least, std::size_t most);
  /// Up to `count` bytes, as soon as there are any; 0 at the end or after an error.
  std::size_t read_some(char* to, std::size_t count);
  /// What went wrong below, if the bytes ended for another reason than the end of the file.
  virtual std::optional<Error> error() const = 0;

  static constexpr std::size_t buffer_bytes = std::size_t{256} << 10U;

 protected:
  int_type underflow() override;
  std::streamsize xsgetn(char* to, std::streamsize count) override;
  /// Fills `to` with up to `count` bytes; 0 at the end or after an error.
  virtual std::size_t fill(char* to, std::size_t count) = 0;
  /// Would fill() have to wait for somebody?
  virtual bool would_wait() const { return false; }

 private:
  std::vector<char> buffer_;
};

/// A file, or standard input for `-`. Error: no_input.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path,
                                                const InputWatch& watch = {});
/// `source` itself, or what it decompresses to if it begins as gzip or Zstandard data do.
std::unique_ptr<ByteSource> decompressed(std::unique_ptr<ByteSource> source);

/// A sink that compresses into `output` when its name asks for it (.gz, .zst).
class ByteSink : public std::streambuf {
 public:
  /// Writes what is left. Error: cannot_write.
  virtual Status finish() = 0;
};
std::unique_ptr<ByteSink> compressed(std::streambuf& output, std::string_view path);

}  // namespace assay
