// Values and strings as EDN and JSON text.
#include "history/text.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

namespace assay {
namespace {

/// Printable ASCII that a quoted string shows as it is.
bool is_plain(char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// Length of the valid UTF-8 sequence at the beginning of `text`, or 0. REQUIRES: not empty.
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xC2 && first <= 0xDF   ? 2
                             : first >= 0xE0 && first <= 0xEF ? 3
                             : first >= 0xF0 && first <= 0xF4 ? 4
                                                              : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

void append_escape(char c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

template <class Items, class Append>
void append_separated(const Items& items, const char* separator, std::string& out, Append append) {
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += separator;
    first = false;
    append(item);
  }
}

void append_edn_double(double number, std::string& out) {
  if (std::isnan(number)) {
    out += "##NaN";
  } else if (std::isinf(number)) {
    out += number > 0 ? "##Inf" : "##-Inf";
  } else {
    append_double(number, out);
  }
}

void append_tagged(const Value::Tagged& tagged, std::string& out) {
  if (!tagged.tag.empty()) {
    out += '#';
    out += tagged.tag;
    out += ' ';
  }
  out += tagged.text;
}

struct EdnAppender {
  std::string& out;

  void operator()(const Value::Nil& /*nil*/) const { out += "nil"; }
  void operator()(bool b) const { out += b ? "true" : "false"; }
  void operator()(std::int64_t i) const { append_integer(i, out); }
  void operator()(double d) const { append_edn_double(d, out); }
  void operator()(const std::string& s) const { append_quoted(s, out); }
  void operator()(const Value::Keyword& k) const {
    out += ':';
    out += k.name;
  }
  void operator()(const Value::Tagged& t) const { append_tagged(t, out); }
  void operator()(const Value::List& list) const {
    out += '[';
    append_separated(list, " ", out, [this](const Value& item) { append_edn(item, out); });
    out += ']';
  }
  void operator()(const Value::Map& map) const {
    out += '{';
    append_separated(map, ", ", out, [this](const auto& entry) {
      append_edn(entry.first, out);
      out += ' ';
      append_edn(entry.second, out);
    });
    out += '}';
  }
  void operator()(const Value::Set& set) const {
    out += "#{";
    append_separated(set.elements, " ", out, [this](const Value& item) { append_edn(item, out); });
    out += '}';
  }
};

struct JsonAppender {
  std::string& out;

  void operator()(const Value::Nil& /*nil*/) const { out += "null"; }
  void operator()(bool b) const { out += b ? "true" : "false"; }
  void operator()(std::int64_t i) const { append_integer(i, out); }
  void operator()(double d) const {
    if (std::isfinite(d)) {
      append_double(d, out);
    } else {
      out += '"';
      append_edn_double(d, out);
      out += '"';
    }
  }
  void operator()(const std::string& s) const { append_quoted(s, out); }
  void operator()(const Value::Keyword& k) const { append_quoted(k.name, out); }
  void operator()(const Value::Tagged& t) const {
    std::string text;
    append_tagged(t, text);
    append_quoted(text, out);
  }
  void operator()(const Value::List& list) const {
    out += '[';
    append_separated(list, ",", out, [this](const Value& item) { append_json(item, out); });
    out += ']';
  }
  void operator()(const Value::Set& set) const { (*this)(set.elements); }
  void operator()(const Value::Map& map) const {
    out += '{';
    append_separated(map, ",", out, [this](const auto& entry) {
      append_key(entry.first);
      out += ':';
      append_json(entry.second, out);
    });
    out += '}';
  }
  void append_key(const Value& key) const {
    if (const auto* text = key.get_if<std::string>()) {
      append_quoted(*text, out);
    } else if (const auto* keyword = key.get_if<Value::Keyword>()) {
      append_quoted(keyword->name, out);
    } else {
      append_quoted(to_text(key), out);
    }
  }
};

}  // namespace

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  while (!text.empty()) {
    std::size_t plain = 0;
    while (plain < text.size() && is_plain(text[plain])) ++plain;
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    const auto c = static_cast<unsigned char>(text[0]);
    const std::size_t length = utf8_length(text);
    if (length == 0) {
      out += "\xEF\xBF\xBD";
    } else if (c < 0x20 || c == '"' || c == '\\' || c == 0x7F) {
      append_escape(text[0], out);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  out += '"';
}

void append_integer(std::int64_t number, std::string& out) {
  const fmt::format_int digits(number);
  out.append(digits.data(), digits.size());
}

void append_double(double number, std::string& out) {
  const std::size_t begin = out.size();
  fmt::format_to(std::back_inserter(out), "{}", number);
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

void append_edn(const Value& value, std::string& out) {
  std::visit(EdnAppender{out}, value.data());
}

void append_json(const Value& value, std::string& out) {
  std::visit(JsonAppender{out}, value.data());
}

}  // namespace assay
