// The codes follow org.fressian's published format (Datomic, fressian.org).
#include "history/formats/fressian.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <utility>

#include "history/codec.h"

namespace assay {
namespace {

// One value may not have more parts than this, however often caches repeat them.
constexpr std::uint64_t nodes_max = std::uint64_t{1} << 24U;

namespace code {
constexpr std::uint8_t cache_packed = 0x80;
constexpr std::uint8_t struct_packed = 0xA0;
constexpr std::uint8_t long_array = 0xB0;
constexpr std::uint8_t map = 0xC0;
constexpr std::uint8_t get_cache = 0xCC;
constexpr std::uint8_t put_cache = 0xCD;
constexpr std::uint8_t footer = 0xCF;
constexpr std::uint8_t bytes_packed = 0xD0;
constexpr std::uint8_t bytes_chunk = 0xD8;
constexpr std::uint8_t bytes = 0xD9;
constexpr std::uint8_t string_packed = 0xDA;
constexpr std::uint8_t string_chunk = 0xE2;
constexpr std::uint8_t string = 0xE3;
constexpr std::uint8_t list_packed = 0xE4;
constexpr std::uint8_t list = 0xEC;
constexpr std::uint8_t closed_list = 0xED;
constexpr std::uint8_t open_list = 0xEE;
constexpr std::uint8_t struct_type = 0xEF;
constexpr std::uint8_t struct_ = 0xF0;
constexpr std::uint8_t true_ = 0xF5;
constexpr std::uint8_t false_ = 0xF6;
constexpr std::uint8_t null = 0xF7;
constexpr std::uint8_t integer = 0xF8;
constexpr std::uint8_t float_ = 0xF9;
constexpr std::uint8_t double_ = 0xFA;
constexpr std::uint8_t double_0 = 0xFB;
constexpr std::uint8_t double_1 = 0xFC;
constexpr std::uint8_t end_collection = 0xFD;
constexpr std::uint8_t reset_caches = 0xFE;
constexpr std::uint8_t minus_one = 0xFF;
}  // namespace code

struct Standard {
  std::uint8_t code;
  std::string_view tag;
  std::uint64_t fields;
};
constexpr std::array standard_structs{
    Standard{0xB0, "long[]", 2},   Standard{0xB1, "double[]", 2}, Standard{0xB2, "boolean[]", 2},
    Standard{0xB3, "int[]", 2},    Standard{0xB4, "float[]", 2},  Standard{0xB5, "Object[]", 2},
    Standard{code::map, "map", 1}, Standard{0xC1, "set", 1},      Standard{0xC3, "uuid", 2},
    Standard{0xC4, "regex", 1},    Standard{0xC5, "uri", 1},      Standard{0xC6, "bigint", 1},
    Standard{0xC7, "bigdec", 2},   Standard{0xC8, "inst", 1},     Standard{0xC9, "sym", 2},
    Standard{0xCA, "key", 2},
};

bool is_integer(std::uint8_t c) { return c < 0x80 || c == code::minus_one || c == code::integer; }

std::uint32_t surrogate(std::string_view text, std::size_t at) {
  const auto unit = [&text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (at + 3 > text.size() || unit(at) != 0xED || unit(at + 1) < 0xA0) return 0;
  return 0xD000U | (unit(at + 1) & 0x3FU) << 6U | (unit(at + 2) & 0x3FU);
}

/// Java writes each half of a surrogate pair as a character of its own.
std::string joined_surrogates(std::string text) {
  if (text.find('\xED') == std::string::npos) return text;
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::uint32_t high = surrogate(text, i);
    const std::uint32_t low = high >= 0xD800 && high < 0xDC00 ? surrogate(text, i + 3) : 0;
    if (low < 0xDC00) {
      out.push_back(text[i++]);
      continue;
    }
    const std::uint32_t point = 0x10000U + ((high - 0xD800U) << 10U) + (low - 0xDC00U);
    out.push_back(static_cast<char>(0xF0U | point >> 18U));
    out.push_back(static_cast<char>(0x80U | (point >> 12U & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (point >> 6U & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (point & 0x3FU)));
    i += 6;
  }
  return out;
}

/// Big endian two's complement, as text in hexadecimal if it needs more than 64 bits.
Value big_integer(std::string_view bytes) {
  if (bytes.size() > 8) {
    std::string text = "0x";
    for (const char c : bytes) text += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
    return Value(Value::Tagged{"bigint", std::move(text)});
  }
  std::uint64_t number = !bytes.empty() && bytes[0] < 0 ? ~std::uint64_t{0} : 0;
  for (const char c : bytes) number = number << 8U | static_cast<std::uint8_t>(c);
  return Value(static_cast<std::int64_t>(number));
}

std::string name_in(const Value& space, const Value& name) {
  const auto* prefix = space.get_if<std::string>();
  const auto* text = name.get_if<std::string>();
  return (prefix != nullptr ? *prefix + "/" : std::string()) + (text != nullptr ? *text : "");
}

Value map_of(Value::List& flat) {
  Value::Map map;
  for (std::size_t i = 0; i + 1 < flat.size(); i += 2) {
    map.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
  }
  return map;
}

Value set_of(Value::List list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return Value::Set{std::move(list)};
}

/// What a struct of this tag stands for. `parts` are its fields.
Value made(std::string_view tag, Value::List& parts) {
  const auto list_at = [&parts](std::size_t i) {
    return i < parts.size() ? parts[i].get_if<Value::List>() : nullptr;
  };
  if (tag == "key" && parts.size() == 2) return Value::Keyword{name_in(parts[0], parts[1])};
  if (tag == "sym" && parts.size() == 2) return Value::Tagged{"", name_in(parts[0], parts[1])};
  if (tag == "map" && list_at(0) != nullptr) return map_of(*list_at(0));
  if ((tag == "set" || tag.starts_with("persistent-")) && parts.size() == 1) {
    return list_at(0) != nullptr ? set_of(std::move(*list_at(0))) : set_of({});
  }
  if (tag == "bigint" && parts.size() == 1) {
    if (const auto* bytes = parts[0].get_if<std::string>()) return big_integer(*bytes);
  }
  const bool transparent = tag == "vec" || tag == "atom" || tag == "multiset" || tag == "int";
  if (transparent && parts.size() == 1) return std::move(parts[0]);
  if (tag == FressianReader::operation_tag || tag == FressianReader::entry_tag ||
      tag == FressianReader::block_tag) {
    Value::List form;
    form.reserve(parts.size() + 1);
    form.emplace_back(Value::Tagged{std::string(tag), {}});
    std::move(parts.begin(), parts.end(), std::back_inserter(form));
    return form;
  }
  std::string text = to_text(Value(std::move(parts)));
  return Value::Tagged{std::string(tag), std::move(text)};
}

}  // namespace

const Value::List* FressianReader::form(const Value& value, std::string_view tag) {
  const auto* list = value.get_if<Value::List>();
  if (list == nullptr || list->empty()) return nullptr;
  const auto* tagged = list->front().get_if<Value::Tagged>();
  return tagged != nullptr && tagged->tag == tag && tagged->text.empty() ? list : nullptr;
}

bool FressianReader::fail(std::string_view what) {
  if (!error_) {
    error_ = Error{ErrorKind::bad_data, fmt::format("byte {}: {}", offset(), what)};
  }
  return false;
}

bool FressianReader::byte(std::uint8_t& byte) {
  if (at_end()) return fail("the data ends inside of a value");
  byte = static_cast<std::uint8_t>(bytes_[position_++]);
  return true;
}

bool FressianReader::raw(std::size_t bytes, std::uint64_t& number) {
  for (std::size_t i = 0; i < bytes; ++i) {
    std::uint8_t next = 0;
    if (!byte(next)) return false;
    number = number << 8U | next;
  }
  return true;
}

bool FressianReader::take(std::uint64_t count, std::string& to) {
  if (count > bytes_.size() - position_) return fail("the data ends inside of a value");
  to += bytes_.substr(position_, count);
  position_ += count;
  return true;
}

bool FressianReader::count(std::uint64_t& count) {
  std::uint8_t c = 0;
  std::int64_t number = 0;
  if (!byte(c)) return false;
  if (!is_integer(c)) return fail("expected a length");
  if (!read_number(c, number)) return false;
  if (number < 0 || static_cast<std::uint64_t>(number) > bytes_.size()) {
    return fail(fmt::format("a length of {} is impossible here", number));
  }
  count = static_cast<std::uint64_t>(number);
  return true;
}

bool FressianReader::read_number(std::uint8_t c, std::int64_t& number) {
  struct Range {
    std::uint8_t first;
    std::uint8_t zero;
    std::uint8_t bytes;
  };
  static constexpr std::array ranges{Range{0x7C, 0x7E, 6}, Range{0x78, 0x7A, 5},
                                     Range{0x74, 0x76, 4}, Range{0x70, 0x72, 3},
                                     Range{0x60, 0x68, 2}, Range{0x40, 0x50, 1}};
  number = c;
  if (c < 0x40) return true;
  number = -1;
  if (c == code::minus_one) return true;
  std::uint64_t bits = 0;
  std::size_t bytes = 8;
  for (const Range& range : ranges) {
    if (c == code::integer || c < range.first) continue;
    bits = static_cast<std::uint64_t>(std::int64_t{c} - range.zero);
    bytes = range.bytes;
    break;
  }
  if (!raw(bytes, bits)) return false;
  number = static_cast<std::int64_t>(bits);
  return true;
}

bool FressianReader::read_double(std::uint8_t c, Value& value) {
  std::uint64_t bits = 0;
  if (c == code::float_) {
    if (!raw(4, bits)) return false;
    value = Value(static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(bits))));
  } else if (c == code::double_) {
    if (!raw(8, bits)) return false;
    value = Value(std::bit_cast<double>(bits));
  } else {
    value = Value(c == code::double_0 ? 0.0 : 1.0);
  }
  return true;
}

bool FressianReader::read_string(std::uint8_t c, Value& value) {
  std::string text;
  while (true) {
    std::uint64_t length = 0;
    const bool packed = c >= code::string_packed && c < code::string_chunk;
    if (packed) length = static_cast<std::uint64_t>(c - code::string_packed);
    if (!packed && !count(length)) return false;
    if (!take(length, text)) return false;
    if (c != code::string_chunk) break;
    if (!byte(c)) return false;
    if (c < code::string_packed || c > code::string) return fail("expected more of a string");
  }
  value = Value(joined_surrogates(std::move(text)));
  return true;
}

bool FressianReader::read_binary(std::uint8_t c, Value& value) {
  std::string text;
  while (true) {
    std::uint64_t length = 0;
    const bool packed = c >= code::bytes_packed && c < code::bytes_chunk;
    if (packed) length = static_cast<std::uint64_t>(c - code::bytes_packed);
    if (!packed && !count(length)) return false;
    if (!take(length, text)) return false;
    if (c != code::bytes_chunk) break;
    if (!byte(c)) return false;
    if (c != code::bytes_chunk && c != code::bytes) return fail("expected more bytes");
  }
  value = Value(std::move(text));
  return true;
}

bool FressianReader::read_list(std::uint64_t count, Value& value) {
  Value::List list;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (!read(list.emplace_back())) return false;
  }
  value = Value(std::move(list));
  return true;
}

bool FressianReader::read_open_list(bool closed, Value& value) {
  Value::List list;
  while (true) {
    if (!closed && at_end()) break;
    std::uint8_t c = 0;
    if (!byte(c)) return false;
    if (c == code::end_collection) break;
    --position_;
    if (!read(list.emplace_back())) return false;
  }
  value = Value(std::move(list));
  return true;
}

bool FressianReader::read_cached(std::uint64_t index, Value& value) {
  if (index >= cache_.size() || !cache_[index]) {
    return fail(fmt::format("entry {} of the cache does not exist", index));
  }
  nodes_ += cache_[index]->nodes;
  if (nodes_ > nodes_max) return fail("a value has too many parts");
  value = cache_[index]->value;
  return true;
}

bool FressianReader::read_into_cache(Value& value) {
  const std::size_t index = cache_.size();
  const std::uint64_t before = nodes_;
  cache_.emplace_back();
  if (!read(value)) return false;
  if (index < cache_.size()) cache_[index] = Cached{value, nodes_ - before};
  return true;
}

bool FressianReader::read_struct(std::string_view tag, std::uint64_t fields, Value& value) {
  Value::List parts;
  const std::string name(tag);  // the table of structs may grow below
  for (std::uint64_t i = 0; i < fields; ++i) {
    if (!read(parts.emplace_back())) return false;
  }
  // An array names its length, then its elements.
  if (name.ends_with("[]")) {
    if (parts.empty() || !parts[0].is<std::int64_t>()) return fail("an array needs a length");
    const std::int64_t length = *parts[0].get_if<std::int64_t>();
    if (length < 1 || static_cast<std::uint64_t>(length) > bytes_.size()) {
      return fail("the length of an array is impossible");
    }
  }
  value = made(name, parts);
  return true;
}

bool FressianReader::read_cached_struct(std::uint64_t index, Value& value) {
  if (index >= structs_.size()) return fail(fmt::format("struct {} does not exist", index));
  const std::uint64_t fields = structs_[index].fields;
  return read_struct(structs_[index].tag, fields, value);
}

bool FressianReader::read(Value& value) {
  if (error_) return false;
  if (depth_ == 0) nodes_ = 0;
  if (depth_ > nesting_max) {
    return fail(fmt::format("values are nested deeper than {} levels", nesting_max));
  }
  if (++nodes_ > nodes_max) return fail("a value has too many parts");
  std::uint8_t c = 0;
  if (!byte(c)) return false;
  ++depth_;
  const bool done = read_code(c, value);
  --depth_;
  return done;
}

bool FressianReader::read_code(std::uint8_t c, Value& value) {
  std::uint64_t number = 0;
  if (is_integer(c)) {
    std::int64_t integer = 0;
    if (!read_number(c, integer)) return false;
    value = Value(integer);
    return true;
  }
  if (c < code::struct_packed) return read_cached(c - code::cache_packed, value);
  if (c < code::long_array) return read_cached_struct(c - code::struct_packed, value);
  for (const Standard& known : standard_structs) {
    if (known.code == c) return read_struct(known.tag, known.fields, value);
  }
  if (c == code::get_cache) return count(number) && read_cached(number, value);
  if (c == code::put_cache) return read_into_cache(value);
  if (c == code::footer) {
    // A magic number, a length and a checksum; Jepsen's blocks have a checksum of their own.
    if (!raw(11, number)) return false;
    cache_.clear();
    structs_.clear();
    return read(value);
  }
  if (c >= code::bytes_packed && c <= code::bytes) return read_binary(c, value);
  if (c >= code::string_packed && c <= code::string) return read_string(c, value);
  if (c >= code::list_packed && c < code::list) return read_list(c - code::list_packed, value);
  switch (c) {
    case code::list:
      return count(number) && read_list(number, value);
    case code::closed_list:
    case code::open_list:
      return read_open_list(c == code::closed_list, value);
    case code::struct_type: {
      Value tag;
      if (!read(tag)) return false;
      if (!tag.is<std::string>() || !count(number))
        return fail("expected a struct's name and size");
      structs_.push_back({*tag.get_if<std::string>(), number});
      return read_struct(*tag.get_if<std::string>(), number, value);
    }
    case code::struct_:
      return count(number) && read_cached_struct(number, value);
    case code::true_:
    case code::false_:
      value = Value(c == code::true_);
      return true;
    case code::null:
      value = Value();
      return true;
    case code::float_:
    case code::double_:
    case code::double_0:
    case code::double_1:
      return read_double(c, value);
    case code::reset_caches:
      cache_.clear();
      structs_.clear();
      return read(value);
    default:
      --position_;
      return fail(fmt::format("code {:#x} is unknown", c));
  }
}

}  // namespace assay
