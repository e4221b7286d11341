// The byte encoding of values. The first byte of a value is a tag; from 0x80 on it is a small
// integer itself.
#include "history/codec.h"

#include <zlib.h>

#include <bit>
#include <cmath>
#include <limits>
#include <utility>

namespace assay {
namespace {

void append_byte(std::uint8_t byte, std::string& out) { out += static_cast<char>(byte); }

struct Encoder {
  std::string& out;

  void operator()(const Value::Nil& /*nil*/) const { append_byte(code_nil, out); }
  void operator()(bool b) const { append_byte(b ? code_true : code_false, out); }
  void operator()(std::int64_t i) const {
    if (i >= 0 && i < small_integer) {
      append_byte(static_cast<std::uint8_t>(small_integer + i), out);
      return;
    }
    append_byte(code_integer, out);
    append_signed(i, out);
  }
  void operator()(double d) const {
    append_byte(code_double, out);
    const double canonical = std::isnan(d) ? std::numeric_limits<double>::quiet_NaN() : d;
    append_u64(std::bit_cast<std::uint64_t>(canonical), out);
  }
  void operator()(const std::string& s) const {
    append_byte(code_string, out);
    append_text(s, out);
  }
  void operator()(const Value::Keyword& k) const {
    append_byte(code_keyword, out);
    append_text(k.name, out);
  }
  void operator()(const Value::Tagged& t) const {
    append_byte(code_tagged, out);
    append_text(t.tag, out);
    append_text(t.text, out);
  }
  void operator()(const Value::List& list) const { sequence(code_list, list); }
  void operator()(const Value::Set& set) const { sequence(code_set, set.elements); }
  void operator()(const Value::Map& map) const {
    append_byte(code_map, out);
    append_varint(map.size(), out);
    for (const auto& [key, value] : map) {
      append_value(key, out);
      append_value(value, out);
    }
  }
  void sequence(std::uint8_t tag, const Value::List& items) const {
    append_byte(tag, out);
    append_varint(items.size(), out);
    for (const Value& item : items) append_value(item, out);
  }
};

}  // namespace

void append_varint(std::uint64_t number, std::string& out) {
  while (number >= 0x80) {
    append_byte(static_cast<std::uint8_t>(number | 0x80U), out);
    number >>= 7U;
  }
  append_byte(static_cast<std::uint8_t>(number), out);
}

void append_signed(std::int64_t number, std::string& out) {
  const auto bits = static_cast<std::uint64_t>(number);
  append_varint((bits << 1U) ^ (number < 0 ? ~std::uint64_t{0} : 0), out);
}

void append_text(std::string_view text, std::string& out) {
  append_varint(text.size(), out);
  out += text;
}

void append_value(const Value& value, std::string& out) { std::visit(Encoder{out}, value.data()); }

void append_u32(std::uint32_t number, std::string& out) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    append_byte(static_cast<std::uint8_t>(number >> shift), out);
  }
}

void append_u64(std::uint64_t number, std::string& out) {
  append_u32(static_cast<std::uint32_t>(number), out);
  append_u32(static_cast<std::uint32_t>(number >> 32U), out);
}

Value Decoder::fail() {
  failed_ = true;
  position_ = bytes_.size();
  return {};
}

std::uint64_t Decoder::long_varint(std::uint8_t first) {
  std::uint64_t number = first & 0x7FU;
  for (unsigned shift = 7; shift < 64; shift += 7) {
    const std::uint8_t next = byte();
    const std::uint64_t part = next & 0x7FU;
    if (shift == 63 && part > 1) break;
    number |= part << shift;
    if (next < 0x80) return number;
  }
  fail();
  return 0;
}

/// As varint(); no longer canonical if a shorter encoding says the same.
std::uint64_t Decoder::varint(bool& canonical) {
  const std::size_t begin = position_;
  const std::uint64_t number = varint();
  if (!failed_ && position_ - begin > 1 && bytes_[position_ - 1] == 0) canonical = false;
  return number;
}

void Decoder::skip_text(bool& canonical) {
  const std::uint64_t length = varint(canonical);
  if (length > bytes_.size() - position_) {
    fail();
  } else {
    position_ += static_cast<std::size_t>(length);
  }
}

Decoder::Raw Decoder::raw_value() {
  Raw raw;
  const std::size_t begin = position_;
  skip_value(0, raw.canonical);
  if (!failed_) raw.bytes = bytes_.substr(begin, position_ - begin);
  return raw;
}

void Decoder::skip_value(int depth, bool& canonical) {
  const std::uint8_t tag = byte();
  if (failed_ || tag >= small_integer) return;
  switch (tag) {
    case code_nil:
    case code_false:
    case code_true:
      return;
    case code_integer: {
      const std::uint64_t zigzag = varint(canonical);
      if (zigzag % 2 == 0 && zigzag / 2 < small_integer) canonical = false;
      return;
    }
    case code_double: {
      const std::uint64_t bits = u64();
      if (std::isnan(std::bit_cast<double>(bits)) &&
          bits != std::bit_cast<std::uint64_t>(std::numeric_limits<double>::quiet_NaN())) {
        canonical = false;
      }
      return;
    }
    case code_tagged:
      skip_text(canonical);
      [[fallthrough]];
    case code_string:
    case code_keyword:
      skip_text(canonical);
      return;
    case code_list:
    case code_map:
    case code_set: {
      const std::uint64_t count = varint(canonical);
      if (count > bytes_.size() - position_ || depth >= nesting_max) {
        fail();
        return;
      }
      const std::uint64_t values = tag == code_map ? count * 2 : count;
      for (std::uint64_t i = 0; i < values && !failed_; ++i) skip_value(depth + 1, canonical);
      return;
    }
    default:
      fail();
  }
}

std::string_view Decoder::text() {
  const std::uint64_t length = varint();
  if (length > bytes_.size() - position_) {
    fail();
    return {};
  }
  const std::string_view text = bytes_.substr(position_, static_cast<std::size_t>(length));
  position_ += text.size();
  return text;
}

std::uint32_t Decoder::u32() {
  std::uint32_t number = 0;
  for (unsigned shift = 0; shift < 32; shift += 8) number |= std::uint32_t{byte()} << shift;
  return number;
}

std::uint64_t Decoder::u64() {
  const std::uint64_t low = u32();
  return low | (std::uint64_t{u32()} << 32U);
}

Value Decoder::container_at(std::uint8_t tag, int depth) {
  const std::uint64_t count = varint();
  // Each element takes at least one byte: a hostile count cannot make us allocate more than that.
  if (count > bytes_.size() - position_ || depth >= nesting_max) return fail();
  if (tag == code_map) {
    Value::Map map;
    for (std::uint64_t i = 0; i < count && !failed_; ++i) {
      Value key = value_at(depth + 1);
      map.emplace_back(std::move(key), value_at(depth + 1));
    }
    return map;
  }
  Value::List list;
  list.reserve(count < 1024 ? static_cast<std::size_t>(count) : 1024);
  for (std::uint64_t i = 0; i < count && !failed_; ++i) list.push_back(value_at(depth + 1));
  if (tag == code_set) return Value::Set{std::move(list)};
  return list;
}

Value Decoder::value_at(int depth) {
  const std::uint8_t tag = byte();
  if (failed_) return {};
  if (tag >= small_integer) return std::int64_t{tag} - small_integer;
  switch (tag) {
    case code_nil:
      return {};
    case code_false:
      return false;
    case code_true:
      return true;
    case code_integer:
      return signed_varint();
    case code_double:
      return std::bit_cast<double>(u64());
    case code_string:
      return std::string(text());
    case code_keyword:
      return Value::Keyword{std::string(text())};
    case code_tagged: {
      std::string name(text());
      return Value::Tagged{std::move(name), std::string(text())};
    }
    case code_list:
    case code_map:
    case code_set:
      return container_at(tag, depth);
    default:
      return fail();
  }
}

std::uint32_t crc_of(std::string_view bytes) {
  uLong crc = crc32_z(0, nullptr, 0);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): zlib's byte type.
  crc = crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  return static_cast<std::uint32_t>(crc);
}

}  // namespace assay
