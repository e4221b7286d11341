#pragma once
// ValueCursor: walks the canonical bytes of a value (codec.h) without making Value objects. The
// bytes must come from append_value; they are not checked again.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "history/codec.h"

namespace assay {

class ValueCursor {
 public:
  explicit ValueCursor(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool done() const { return at_ >= end_; }
  std::uint8_t tag() const {
    return done() ? std::uint8_t{code_nil} : static_cast<std::uint8_t>(*at_);
  }
  bool is_integer() const { return tag() >= small_integer || tag() == code_integer; }
  bool is_name() const { return tag() == code_string || tag() == code_keyword; }

  /// REQUIRES is_integer().
  std::int64_t integer() {
    const std::uint8_t first = byte();
    if (first >= small_integer) return first - small_integer;
    const std::uint64_t bits = varint();
    return static_cast<std::int64_t>((bits >> 1U) ^ ((bits & 1U) != 0 ? ~std::uint64_t{0} : 0));
  }
  /// The text of a string or keyword. REQUIRES is_name().
  std::string_view name() {
    byte();
    return text();
  }
  /// Enters a list or set (or a map: its number of entries) and returns its length.
  std::size_t enter() {
    byte();
    return static_cast<std::size_t>(varint());
  }
  /// The bytes of the whole value, which is stepped over.
  std::string_view take() {
    const char* start = at_;
    skip();
    return {start, static_cast<std::size_t>(at_ - start)};
  }
  void skip() {
    // Counted, not recursive: `left` values remain to be stepped over.
    for (std::size_t left = 1; left > 0 && !done(); --left) {
      const std::uint8_t first = byte();
      if (first >= small_integer) continue;
      switch (first) {
        case code_integer:
          varint();
          break;
        case code_double:
          at_ += 8;
          break;
        case code_tagged:
          text();
          text();
          break;
        case code_string:
        case code_keyword:
          text();
          break;
        case code_list:
        case code_set:
          left += static_cast<std::size_t>(varint());
          break;
        case code_map:
          left += 2 * static_cast<std::size_t>(varint());
          break;
        default:
          break;
      }
    }
  }

 private:
  std::uint8_t byte() { return done() ? std::uint8_t{0} : static_cast<std::uint8_t>(*at_++); }
  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t next = byte();
      number |= std::uint64_t{next & 0x7FU} << shift;
      if (next < 0x80) break;
    }
    return number;
  }
  std::string_view text() {
    const auto length = static_cast<std::size_t>(varint());
    const std::string_view result(at_, length);
    at_ += length;
    return result;
  }

  const char* at_;
  const char* end_;
};

}  // namespace assay
