#pragma once
// Byte streams under the formats: looking ahead, decompressing and compressing.

#include <cstddef>
#include <memory>
#include <optional>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace assay {

/// A buffered source that can show its beginning before it is read.
class ByteSource : public std::streambuf {
 public:
  ByteSource() : buffer_(buffer_bytes) {}
  /// Up to `count` bytes from the beginning. REQUIRES: nothing was read; count <= buffer_bytes.
  std::string_view peek(std::size_t count);
  /// What went wrong below, if the bytes ended for another reason than the end of the file.
  virtual std::optional<Error> error() const = 0;

  static constexpr std::size_t buffer_bytes = std::size_t{256} << 10U;

 protected:
  int_type underflow() override;
  /// Fills `to` with up to `count` bytes; 0 at the end or after an error.
  virtual std::size_t fill(char* to, std::size_t count) = 0;

 private:
  std::vector<char> buffer_;
};

/// A file, or standard input for `-`. Error: no_input.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);
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
