#include "history/formats/edn_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include "history/codec.h"

namespace assay {
namespace {

/// What a byte means to a token: nothing, its end, or an error.
enum class Class : std::uint8_t { plain, space, delimiter, control };

constexpr std::array<Class, 256> classes = [] {
  std::array<Class, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c) table.at(c) = Class::control;
  table.at(0x7F) = Class::control;
  for (const char c : std::string_view(" ,\n\r\t\f\v")) {
    table.at(static_cast<unsigned char>(c)) = Class::space;
  }
  for (const char c : std::string_view("\";()[]{}")) {
    table.at(static_cast<unsigned char>(c)) = Class::delimiter;
  }
  return table;
}();

Class class_of(int c) { return classes[static_cast<std::size_t>(c) & 0xFFU]; }
bool is_space(int c) { return c >= 0 && class_of(c) == Class::space; }
bool ends_token(int c) {
  return c < 0 || class_of(c) == Class::space || class_of(c) == Class::delimiter;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string shown_byte(int c) {
  if (c < 0) return "the end of the input";
  if (c > 0x20 && c < 0x7F) return fmt::format("'{}'", static_cast<char>(c));
  return fmt::format("byte 0x{:02x}", c);
}

void append_utf8(std::uint32_t point, std::string& out) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0U | (point >> 6U));
    put(0x80U | (point & 0x3FU));
  } else if (point < 0x10000) {
    put(0xE0U | (point >> 12U));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  } else {
    put(0xF0U | (point >> 18U));
    put(0x80U | ((point >> 12U) & 0x3FU));
    put(0x80U | ((point >> 6U) & 0x3FU));
    put(0x80U | (point & 0x3FU));
  }
}

template <class Number>
std::optional<Number> whole_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A token that begins like a number. What fits no 64-bit type is kept as its text: ratios, big
/// integers, exact decimals, other bases.
std::optional<Value> number_of(std::string_view token) {
  const std::string_view plain = token.ends_with('N') ? token.substr(0, token.size() - 1) : token;
  const std::size_t first = plain.find_first_not_of("+-");
  const bool octal = first != std::string_view::npos && plain.size() > first + 1 &&
                     plain[first] == '0' && is_digit(plain[first + 1]);
  if (!octal) {
    if (const auto integer = whole_number<std::int64_t>(plain)) return Value(*integer);
  }
  if (token.find_first_of(".eE") != std::string_view::npos) {
    if (const auto real = whole_number<double>(token)) return Value(*real);
  }
  const bool plausible = std::all_of(token.begin(), token.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '/' || c == '+' || c == '-';
  });
  if (!plausible) return std::nullopt;
  return Value(Value::Tagged{"", std::string(token)});
}

/// Counts the levels of nesting while it lives.
struct Level {
  explicit Level(int& depth_now) : depth(depth_now) { ++depth; }
  Level(const Level&) = delete;
  Level& operator=(const Level&) = delete;
  ~Level() { --depth; }
  int& depth;
};

}  // namespace

bool EdnReader::fail(std::uint64_t line, const std::string& what) {
  if (!error_) error_ = Error{ErrorKind::bad_data, fmt::format("line {}: {}", line, what)};
  return false;
}

bool EdnReader::never_closed(std::uint64_t begin, std::string_view form) {
  return fail(begin, fmt::format("the {} that begins here is never closed (the input ends at line "
                                 "{})",
                                 form, line_));
}

std::string EdnReader::shown_next() { return shown_byte(peek()); }

bool EdnReader::deeper() {
  if (depth_ <= nesting_max) return true;
  return fail(line_, fmt::format("forms are nested deeper than {} levels", nesting_max));
}

int EdnReader::peek() {
  while (!error_) {
    if (hash_) return '#';
    const int c = current();
    if (is_space(c)) {
      advance();
    } else if (c == ';') {
      while (current() != '\n' && current() != end) advance();
    } else if (c == '#') {
      advance();
      hash_ = true;
      if (current() != '_') return '#';
      hash_ = false;
      advance();
      if (!skip_discarded()) return end;
    } else if (c == '^') {
      advance();
      if (!skip_discarded()) return end;
    } else {
      return c;
    }
  }
  return end;
}

bool EdnReader::skip_discarded() {
  const Level level(depth_);
  Value ignored;
  return deeper() && read_form(ignored);
}

bool EdnReader::take(char c) {
  if (peek() != static_cast<unsigned char>(c)) return false;
  if (hash_) {
    hash_ = false;
  } else {
    advance();
  }
  return true;
}

bool EdnReader::read(Value& value) {
  const Level level(depth_);
  return deeper() && read_form(value);
}

bool EdnReader::read_form(Value& value) {
  const int c = peek();
  const std::uint64_t begin = line_;
  switch (c) {
    case end:
      return fail(line_, "expected a form, got the end of the input");
    case '(':
    case '[': {
      advance();
      Value::List list;
      if (!read_list(list, c == '(' ? ')' : ']', c == '(' ? "list" : "vector")) return false;
      value = std::move(list);
      return true;
    }
    case '{': {
      advance();
      Value::Map map;
      if (!read_map(map, begin)) return false;
      value = std::move(map);
      return true;
    }
    case '"': {
      std::string text;
      if (!read_string(text)) return false;
      value = std::move(text);
      return true;
    }
    case ':':
      if (!read_keyword()) return false;
      value = Value::Keyword{token_};
      return true;
    case '\\':
      return read_character(value);
    case '#':
      return read_hash(value);
    case ')':
    case ']':
    case '}':
      return fail(line_, fmt::format("expected a form, got {}", shown_byte(c)));
    default:
      return read_atom(value);
  }
}

bool EdnReader::read_list(Value::List& list, char close, std::string_view form) {
  const std::uint64_t begin = line_;
  while (true) {
    const int c = peek();
    if (error_) return false;
    if (c == end) return never_closed(begin, form);
    if (take(close)) return true;
    if (c == ')' || c == ']' || c == '}') {
      return fail(line_, fmt::format("expected '{}' to close the {} that begins at line {}, got {}",
                                     close, form, begin, shown_byte(c)));
    }
    if (list.empty()) list.reserve(2);
    if (!read(list.emplace_back())) return false;
  }
}

bool EdnReader::read_map(Value::Map& map, std::uint64_t begin) {
  Value::List flat;
  if (!read_list(flat, '}', "map")) return false;
  if (flat.size() % 2 != 0)
    return fail(begin, "the map that begins here has a key without a value");
  map.reserve(flat.size() / 2);
  for (std::size_t i = 0; i < flat.size(); i += 2) {
    map.emplace_back(std::move(flat[i]), std::move(flat[i + 1]));
  }
  return true;
}

bool EdnReader::read_hash(Value& value) {
  hash_ = false;
  switch (current()) {
    case '{': {
      advance();
      Value::Set set;
      if (!read_list(set.elements, '}', "set")) return false;
      // A set has no order; one order for all makes equal sets equal.
      std::sort(set.elements.begin(), set.elements.end());
      value = std::move(set);
      return true;
    }
    case '#':
      return read_symbolic(value);
    case ':':
      return read_namespaced(value);
    case '<':
      return read_unreadable(value);
    case '"': {
      std::string pattern;
      if (!read_string(pattern)) return false;
      value = Value::Tagged{"", "#" + to_text(pattern)};
      return true;
    }
    case '\'':
      if (!read_token()) return false;
      value = Value::Tagged{"", "#" + token_};
      return true;
    default:
      hash_ = true;
      return read_tagged(value);
  }
}

bool EdnReader::read_symbolic(Value& value) {
  advance();
  if (!read_token()) return false;
  if (token_ == "NaN") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (token_ == "Inf" || token_ == "-Inf") {
    value = std::numeric_limits<double>::infinity() * (token_ == "Inf" ? 1 : -1);
  } else {
    return fail(line_, fmt::format("expected ##NaN, ##Inf or ##-Inf, got ##{}", token_));
  }
  return true;
}

bool EdnReader::read_tagged(Value& value) {
  if (!read_tag()) return false;
  std::string tag = token_;
  Value inner;
  if (!read(inner)) return false;
  value = Value::Tagged{std::move(tag), to_text(inner)};
  return true;
}

bool EdnReader::read_tag() {
  hash_ = false;
  const int c = current();
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
  if (!letter) return fail(line_, fmt::format("expected a tag after '#', got {}", shown_byte(c)));
  return read_token();
}

/// #<…>: what old Clojure prints for objects. It ends at the matching bracket on its line.
bool EdnReader::read_unreadable(Value& value) {
  std::string text = "#";
  int open = 0;
  do {
    const int c = current();
    if (c == end || c == '\n') return fail(line_, "expected '>' to close what #< begins");
    if (c == '<') ++open;
    if (c == '>') --open;
    text += static_cast<char>(advance());
  } while (open > 0);
  value = Value::Tagged{"", std::move(text)};
  return true;
}

/// #:space{:a 1} is {:space/a 1}.
bool EdnReader::read_namespaced(Value& value) {
  if (!read_token()) return false;
  std::string space = token_.substr(token_.find_first_not_of(':') == std::string::npos
                                        ? token_.size()
                                        : token_.find_first_not_of(':'));
  const std::uint64_t begin = line_;
  if (!take('{')) return fail(line_, "expected a map after its namespace");
  Value::Map map;
  if (!read_map(map, begin)) return false;
  for (auto& [key, ignored] : map) {
    auto* keyword = key.get_if<Value::Keyword>();
    if (keyword == nullptr || space.empty()) continue;
    if (keyword->name.find('/') == std::string::npos) keyword->name.insert(0, space + "/");
  }
  value = std::move(map);
  return true;
}

bool EdnReader::read_keyword() {
  advance();
  if (!read_token()) return false;
  if (token_.empty()) return fail(line_, "expected a name after ':'");
  return true;
}

bool EdnReader::read_token() {
  token_.clear();
  do {
    const char* to = input_.at();
    while (to != input_.end() && class_of(*to) == Class::plain) ++to;
    token_.append(input_.at(), static_cast<std::size_t>(to - input_.at()));
    input_.advance_to(to);
  } while (input_.at() == input_.end() && input_.more());
  const int c = current();
  return ends_token(c) || fail(line_, fmt::format("unexpected {}", shown_byte(c)));
}

/// Most numbers are small and lie in the window; all others take the long way.
bool EdnReader::read_small_integer(Value& value) {
  constexpr int digits_max = 18;
  const char* to = input_.at();
  if (input_.end() - to < digits_max + 2) return false;
  const bool negative = *to == '-';
  if (negative) ++to;
  const char* const first = to;
  std::int64_t number = 0;
  for (; is_digit(*to) && to - first < digits_max; ++to) number = number * 10 + (*to - '0');
  if (to == first || (*first == '0' && to - first > 1) ||
      !ends_token(static_cast<unsigned char>(*to))) {
    return false;
  }
  value = negative ? -number : number;
  input_.advance_to(to);
  return true;
}

bool EdnReader::read_atom(Value& value) {
  if (read_small_integer(value)) return true;
  const std::uint64_t line = line_;
  if (!read_token()) return false;
  if (token_ == "nil") {
    value = Value();
  } else if (token_ == "true" || token_ == "false") {
    value = token_ == "true";
  } else {
    const char first = token_[0];
    const bool sign = (first == '+' || first == '-') && token_.size() > 1;
    if (is_digit(first) || (sign && is_digit(token_[1]))) {
      auto number = number_of(token_);
      if (!number) return fail(line, fmt::format("expected a number, got '{}'", token_));
      value = *std::move(number);
    } else {
      value = Value::Tagged{"", token_};
    }
  }
  return true;
}

bool EdnReader::read_string(std::string& text) {
  const std::uint64_t begin = line_;
  advance();
  while (true) {
    const char* to = input_.at();
    while (to != input_.end() && *to != '"' && *to != '\\') {
      if (*to == '\n') ++line_;
      ++to;
    }
    text.append(input_.at(), static_cast<std::size_t>(to - input_.at()));
    input_.advance_to(to);
    const int c = advance();
    if (c == end) return never_closed(begin, "string");
    if (c == '"') return true;
    // What is no quote and no backslash is the first byte of a new window.
    if (c != '\\') {
      text += static_cast<char>(c);
    } else if (!read_escape(text)) {
      return false;
    }
  }
}

bool EdnReader::read_escape(std::string& text) {
  const int c = advance();
  switch (c) {
    case 'n':
      text += '\n';
      return true;
    case 't':
      text += '\t';
      return true;
    case 'r':
      text += '\r';
      return true;
    case 'b':
      text += '\b';
      return true;
    case 'f':
      text += '\f';
      return true;
    case '"':
    case '\\':
    case '/':
      text += static_cast<char>(c);
      return true;
    case 'u': {
      std::uint32_t unit = 0;
      if (!read_unicode(unit)) return false;
      const bool high = unit >= 0xD800 && unit <= 0xDBFF;
      if (high && current() == '\\') {
        advance();
        std::uint32_t low = 0;
        if (advance() != 'u') return fail(line_, "expected the second half of a surrogate pair");
        if (!read_unicode(low)) return false;
        unit = low >= 0xDC00 && low <= 0xDFFF ? 0x10000 + ((unit - 0xD800) << 10U) + (low - 0xDC00)
                                              : 0xFFFD;
      } else if (unit >= 0xD800 && unit <= 0xDFFF) {
        unit = 0xFFFD;
      }
      append_utf8(unit, text);
      return true;
    }
    default:
      return fail(line_,
                  fmt::format("unknown escape in a string: \\ followed by {}", shown_byte(c)));
  }
}

bool EdnReader::read_unicode(std::uint32_t& unit) {
  unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int c = advance();
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0)
      return fail(line_, fmt::format("expected four hexadecimal digits, got {}", shown_byte(c)));
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool EdnReader::read_character(Value& value) {
  advance();
  std::string text = "\\";
  const int c = current();
  if (c <= 0x20)
    return fail(line_, fmt::format("expected a character after '\\', got {}", shown_byte(c)));
  text += static_cast<char>(advance());
  if (!read_token()) return false;
  value = Value::Tagged{"", text + token_};
  return true;
}

}  // namespace assay
