#pragma once
// Reading binary formats: numbers of fixed width from a stream, with the byte offset for errors. A
// length that the input claims never leads to an allocation of that size: bytes are taken in pieces
// for as long as there are any.

#include <cstdint>
#include <limits>
#include <optional>
#include <streambuf>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

/// Every function fails cleanly at the end of the input; failed() then stays true and further
/// results mean nothing.
class BinaryInput {
 public:
  /// Reads at most `limit` bytes of `input`, which begin at byte `offset` of the file.
  explicit BinaryInput(std::streambuf& input, std::uint64_t offset = 0,
                       std::uint64_t limit = std::numeric_limits<std::uint64_t>::max())
      : input_(input), offset_(offset), left_(limit) {}

  std::uint8_t byte();
  std::int64_t little_i64();
  std::uint64_t little_u64() { return static_cast<std::uint64_t>(little_i64()); }
  std::int64_t big_i64();
  /// `count` bytes, or fewer at the end of the input (and then failed()).
  std::string bytes(std::uint64_t count);
  bool skip(std::uint64_t count);
  /// Nothing is left. Does not count as a failure.
  bool at_end() { return left_ == 0 || input_.sgetc() == std::streambuf::traits_type::eof(); }

  bool failed() const { return failed_; }
  std::uint64_t offset() const { return offset_; }
  std::uint64_t left() const { return left_; }
  /// bad_data: "byte N: what".
  Error error(std::string_view what) const;
  /// The error after failed(): the input ends inside of `what`.
  Error cut_short(std::string_view what) const;

 private:
  bool take(char* to, std::uint64_t count);

  std::streambuf& input_;
  std::uint64_t offset_;
  std::uint64_t left_;
  bool failed_ = false;
};

}  // namespace assay
