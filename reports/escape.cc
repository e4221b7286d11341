#include "reports/escape.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace assay {
namespace {

struct Decoded {
  char32_t code_point;
  std::size_t length;  // bytes read; at least 1
  bool valid;
};

/// One code point by the table of well-formed UTF-8 sequences (Unicode 15, table 3-7).
Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return {first, 1, true};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return {0xFFFD, 1, false};
  char32_t code_point = first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return {0xFFFD, i, false};
    code_point = (code_point << 6U) | (byte(i) & 0x3FU);
  }
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < smallest[length] || code_point > 0x10FFFF || surrogate) {
    return {0xFFFD, length, false};
  }
  return {code_point, length, true};
}

/// Characters that a reader would not see, or that change how their neighbours are shown.
bool is_hidden(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0xAD || c == 0x61C || c == 0x180E ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
         (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
         (c & 0xFFFEU) == 0xFFFEU || (c >= 0xFDD0 && c <= 0xFDEF) || (c >= 0xE0000 && c <= 0xE007F);
}

std::string escape_markup(std::string text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace

std::string visible(std::string_view text, bool newlines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Decoded decoded = decode(text);
    if (!decoded.valid) {
      out += "\xEF\xBF\xBD";
    } else if (decoded.code_point == '\n' && newlines) {
      out += '\n';
    } else if (is_hidden(decoded.code_point)) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(decoded.code_point));
    } else {
      out += text.substr(0, decoded.length);
    }
    text.remove_prefix(decoded.length);
  }
  return out;
}

std::string escape_html(std::string_view text) { return escape_markup(visible(text)); }

std::string escape_xml(std::string_view text, bool newlines) {
  return escape_markup(visible(text, newlines));
}

std::string escape_markdown(std::string_view text) {
  constexpr std::string_view markup = "\\`*_{}[]<>()#+-.!|~&:$^=\"'";
  std::string out;
  for (const char c : visible(text)) {
    if (markup.find(c) != std::string_view::npos) out += '\\';
    out += c;
    // Sites look for names after the markup is done; a word joiner is no name.
    if (c == '@') out += "\u2060";
  }
  return out;
}

std::string code_markdown(std::string_view text, std::size_t limit) {
  const std::string shown = clip(visible(text), limit);
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : shown) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  return fence + " " + shown + " " + fence;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : visible(text)) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '<':
        out += "\\u003c";
        break;
      case '>':
        out += "\\u003e";
        break;
      case '&':
        out += "\\u0026";
        break;
      default:
        out += c;
    }
  }
  out += '"';
}

std::string short_html(std::string_view text, std::size_t limit) {
  return escape_html(clip(visible(text), limit));
}

std::string clip(std::string_view text, std::size_t limit) {
  std::size_t seen = 0;
  std::size_t cut = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
    if (++seen == limit) cut = i;
    if (seen > limit) return std::string(text.substr(0, cut)) + "…";
  }
  return std::string(text);
}

std::size_t code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U ? 1 : 0;
  return count;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = (group << 8U) | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j <= count ? alphabet[(group >> (18U - 6U * j)) & 0x3FU] : '=';
    }
  }
  return out;
}

}  // namespace assay
