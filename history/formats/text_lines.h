#pragma once
// The lines of a text, one after the other, and small things to take apart in them.

#include <charconv>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "history/formats/text_buffer.h"

namespace assay {

/// A line longer than this is refused: no format has such, and it would be held in memory.
inline constexpr std::size_t line_bytes_max = std::size_t{1} << 30U;

class TextLines {
 public:
  explicit TextLines(std::istream& input) : input_(*input.rdbuf()) {}

  /// The next line without its end, valid until the next call; false at the end. The byte behind
  /// the line can be read: the line's end, or zero.
  bool next();
  std::string_view line() const { return line_; }
  std::uint64_t number() const { return number_; }
  /// bad_data: "line N: what".
  Error error(std::string_view what) const;

 private:
  TextBuffer input_;
  std::string_view line_;
  std::uint64_t number_ = 0;
};

/// Without white space at both ends.
std::string_view trimmed(std::string_view text);
/// Takes the first word off `text`; empty if there is none.
std::string_view take_word(std::string_view& text);
/// The whole of `text` as a decimal number of 64 bits.
std::optional<std::int64_t> integer_in(std::string_view text);
/// What a line holds, for messages: at most 80 bytes, quoted and escaped.
std::string shown(std::string_view text);

}  // namespace assay
