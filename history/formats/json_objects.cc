#include "history/formats/json_objects.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>
#include <utility>

#include "history/codec.h"
#include "history/formats/text_lines.h"

namespace assay {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr int end_of_input = std::streambuf::traits_type::eof();

std::string what_comes(int c) {
  if (c == end_of_input) return "the end of the input";
  const char text = static_cast<char>(c);
  return shown({&text, 1});
}

/// Object keys that spell an integer are integers: JSON has no other way to write them.
Value key_of(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool canonical = failure == std::errc() && end == text.data() + text.size() &&
                         fmt::format("{}", number) == text;
  if (canonical) return number;
  return text;
}

Result<Value> value_at(const element& json, int depth) {
  if (depth > nesting_max) {
    return Error{ErrorKind::bad_data,
                 fmt::format("values are nested deeper than {} levels", nesting_max)};
  }
  switch (json.type()) {
    case element_type::NULL_VALUE:
      return Value();
    case element_type::BOOL:
      return Value(bool(json));
    case element_type::INT64:
      return Value(std::int64_t(json));
    case element_type::UINT64:
      return Value(Value::Tagged{"", fmt::format("{}", std::uint64_t(json))});
    case element_type::DOUBLE:
      return Value(double(json));
    case element_type::STRING:
      return Value(std::string_view(json));
    case element_type::ARRAY: {
      Value::List list;
      for (const element item : simdjson::dom::array(json)) {
        auto value = value_at(item, depth + 1);
        if (!value) return value;
        list.push_back(*std::move(value));
      }
      return Value(std::move(list));
    }
    case element_type::OBJECT: {
      Value::Map map;
      for (const auto field : simdjson::dom::object(json)) {
        auto value = value_at(field.value, depth + 1);
        if (!value) return value;
        map.emplace_back(key_of(field.key), *std::move(value));
      }
      return Value(std::move(map));
    }
  }
  return Error{ErrorKind::bad_data, "a JSON value of an unknown type"};
}

}  // namespace

Result<Value> json_value(const element& json) { return value_at(json, 0); }

int JsonObjects::take() {
  const int c = input_.sbumpc();
  if (c == '\n') ++line_;
  return c;
}

/// What comes next after white space; not taken.
int JsonObjects::skip_space() {
  while (true) {
    const int c = input_.sgetc();
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return c;
    take();
  }
}

void JsonObjects::fail(std::uint64_t line, std::string_view what) {
  if (!error_) error_ = Error{ErrorKind::bad_data, fmt::format("line {}: {}", line, what)};
}

Error JsonObjects::bad(std::string_view what) const {
  return {ErrorKind::bad_data, fmt::format("line {}: {}", begin_, what)};
}

/// Takes the text of an object, which begins here, up to its closing brace.
bool JsonObjects::scan_object() {
  text_.clear();
  std::size_t depth = 0;
  bool quoted = false;
  while (true) {
    const int c = take();
    if (c == end_of_input) {
      fail(begin_, fmt::format("the object that begins here is never closed (the input ends at "
                               "line {})",
                               line_));
      return false;
    }
    if (text_.size() == line_bytes_max) {
      fail(begin_, "the object that begins here is too large");
      return false;
    }
    text_.push_back(static_cast<char>(c));
    if (quoted) {
      if (c == '"') quoted = false;
      if (c != '\\') continue;
      const int escaped = take();
      if (escaped != end_of_input) text_.push_back(static_cast<char>(escaped));
      continue;
    }
    if (c == '"') quoted = true;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return true;
  }
}

bool JsonObjects::start() {
  started_ = true;
  array_ = skip_space() == '[';
  if (array_) take();
  return true;
}

std::optional<simdjson::dom::object> JsonObjects::next() {
  if (error_) return std::nullopt;
  if (!started_) start();
  int c = skip_space();
  if (array_) {
    if (c == ']') {
      take();
      if (skip_space() != end_of_input)
        fail(line_, "expected the end of the input after the array");
      return std::nullopt;
    }
    if (!first_) {
      if (c != ',') {
        fail(line_, fmt::format("expected ',' or ']', got {}", what_comes(c)));
        return std::nullopt;
      }
      take();
      c = skip_space();
    }
  } else if (c == end_of_input) {
    return std::nullopt;
  }
  first_ = false;
  begin_ = line_;
  if (c != '{') {
    fail(line_, fmt::format("expected an object, got {}", what_comes(c)));
    return std::nullopt;
  }
  if (!scan_object()) return std::nullopt;
  simdjson::dom::object object;
  if (const auto failure = parser_.parse(text_).get(object); failure != simdjson::SUCCESS) {
    fail(begin_, simdjson::error_message(failure));
    return std::nullopt;
  }
  return object;
}

}  // namespace assay
