#pragma once
// The byte encoding of values: self-delimiting and canonical (equal values have equal bytes), so it
// serves both as the form in the journal and as the interning key in memory.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "history/value.h"

namespace assay {

/// Nesting that readers accept and the decoder follows; deeper input is refused, not recursed into.
inline constexpr int nesting_max = 200;

/// The first byte of a value, or from small_integer on the integer itself.
enum ValueCode : std::uint8_t {
  code_nil,
  code_false,
  code_true,
  code_integer,
  code_double,
  code_string,
  code_keyword,
  code_tagged,
  code_list,
  code_map,
  code_set,
};
inline constexpr std::uint8_t small_integer = 0x80;

void append_varint(std::uint64_t number, std::string& out);
/// Zigzag: small magnitudes are short, whatever the sign.
void append_signed(std::int64_t number, std::string& out);
void append_text(std::string_view text, std::string& out);  ///< length, then the bytes
void append_value(const Value& value, std::string& out);
void append_u32(std::uint32_t number, std::string& out);  ///< little endian
void append_u64(std::uint64_t number, std::string& out);

/// Reads what the functions above append. Every call fails cleanly at the end of the bytes or on
/// an impossible encoding; `failed()` then stays true and further results mean nothing.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t byte() {
    if (position_ >= bytes_.size()) {
      fail();
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[position_++]);
  }
  std::uint64_t varint() {
    const std::uint8_t first = byte();
    if (first < 0x80) return first;
    // Lengths vary from number to number: eight bytes at a time need no branch for each.
    constexpr std::uint64_t stops = 0x8080808080808080;
    std::uint64_t word = 0;
    if (std::endian::native == std::endian::little && bytes_.size() - position_ >= 7) {
      std::memcpy(&word, bytes_.data() + position_ - 1, sizeof word);
      if (const std::uint64_t ends = ~word & stops; ends != 0) {
        const auto bits = static_cast<unsigned>(std::countr_zero(ends));  // 7 mod 8
        position_ += bits / 8;
        return joined(word & (~std::uint64_t{0} >> (63U - bits)));
      }
    }
    return long_varint(first);
  }
  std::int64_t signed_varint() {
    const std::uint64_t bits = varint();
    return static_cast<std::int64_t>((bits >> 1U) ^ ((bits & 1U) != 0 ? ~std::uint64_t{0} : 0));
  }
  std::string_view text();
  Value value() { return value_at(0); }
  /// The bytes of the next value, without making it. `canonical`: they are what append_value would
  /// write for it. What append_value never writes is well-formed all the same.
  struct Raw {
    std::string_view bytes;
    bool canonical = true;
  };
  Raw raw_value();
  /// An integer in `number`, and true; or false, and nothing is taken.
  bool take_integer(std::int64_t& number) {
    if (position_ >= bytes_.size()) return false;
    const auto tag = static_cast<std::uint8_t>(bytes_[position_]);
    if (tag >= small_integer) {
      number = std::int64_t{tag} - small_integer;
      ++position_;
      return true;
    }
    if (tag != code_integer) return false;
    ++position_;
    number = signed_varint();
    return true;
  }
  /// True if the next value is nil, which is then taken.
  bool take_nil() {
    if (position_ >= bytes_.size() || bytes_[position_] != static_cast<char>(code_nil)) {
      return false;
    }
    ++position_;
    return true;
  }
  /// True if the next value is a list of two, of which then only the beginning is taken.
  bool take_pair() {
    if (bytes_.size() - position_ < 2 || bytes_[position_] != static_cast<char>(code_list) ||
        bytes_[position_ + 1] != 2) {
      return false;
    }
    position_ += 2;
    return true;
  }
  void rewind(std::size_t position) { position_ = position; }  ///< REQUIRES: not failed
  std::uint32_t u32();
  std::uint64_t u64();

  bool failed() const { return failed_; }
  bool done() const { return position_ == bytes_.size(); }
  std::size_t position() const { return position_; }

 private:
  /// Eight groups of seven bits, each in a byte whose high bit is ignored, as one number.
  static std::uint64_t joined(std::uint64_t word) {
    word = (word & 0x007F007F007F007F) | ((word & 0x7F007F007F007F00) >> 1U);
    word = (word & 0x00003FFF00003FFF) | ((word & 0x3FFF00003FFF0000) >> 2U);
    return (word & 0x0FFFFFFF) | ((word & 0x0FFFFFFF00000000) >> 4U);
  }
  std::uint64_t long_varint(std::uint8_t first);
  std::uint64_t varint(bool& canonical);
  void skip_text(bool& canonical);
  void skip_value(int depth, bool& canonical);
  Value value_at(int depth);
  Value container_at(std::uint8_t tag, int depth);
  Value fail();

  std::string_view bytes_;
  std::size_t position_ = 0;
  bool failed_ = false;
};

/// CRC-32 (IEEE), as zlib computes it.
std::uint32_t crc_of(std::string_view bytes);

}  // namespace assay
