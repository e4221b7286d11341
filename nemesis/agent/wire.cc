#include "nemesis/agent/wire.h"

#include <charconv>
#include <system_error>

namespace assay::agent {
namespace {

void encode_word(const std::string& word, std::string& line) {
  constexpr std::string_view digits = "0123456789abcdef";
  if (word.empty()) line += '%';
  for (const char c : word) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte != 0x7f && c != '%') {
      line += c;
      continue;
    }
    line += '%';
    line += digits[byte >> 4U];
    line += digits[byte & 15U];
  }
}

std::string decode_word(std::string_view text) {
  if (text == "%") return {};
  std::string word;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size()) {
      const char* first = text.data() + i + 1;
      const auto [end, failure] = std::from_chars(first, first + 2, byte, 16);
      if (failure == std::errc() && end == first + 2) {
        word += static_cast<char>(byte);
        i += 2;
        continue;
      }
    }
    word += text[i];
  }
  return word;
}

}  // namespace

std::string encode_line(const Words& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    encode_word(word, line);
  }
  return line;
}

Words decode_line(std::string_view line) {
  Words words;
  while (!line.empty()) {
    const std::size_t space = line.find(' ');
    const std::string_view word = line.substr(0, space);
    if (!word.empty()) words.push_back(decode_word(word));
    if (space == std::string_view::npos) break;
    line.remove_prefix(space + 1);
  }
  return words;
}

}  // namespace assay::agent
