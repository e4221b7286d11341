#pragma once
// The byte encoding of values: self-delimiting and canonical (equal values have equal bytes), so it
// serves both as the form in the journal and as the interning key in memory.

#include <cstddef>
#include <cstdint>
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

  std::uint8_t byte();
  std::uint64_t varint();
  std::int64_t signed_varint();
  std::string_view text();
  Value value() { return value_at(0); }
  std::uint32_t u32();
  std::uint64_t u64();

  bool failed() const { return failed_; }
  bool done() const { return position_ == bytes_.size(); }
  std::size_t position() const { return position_; }

 private:
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
