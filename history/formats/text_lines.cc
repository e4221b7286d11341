#include "history/formats/text_lines.h"

#include <fmt/format.h>

#include <system_error>

#include "history/text.h"

namespace assay {
namespace {

constexpr std::string_view white_space = " \t\r\n\f\v";

}  // namespace

bool TextLines::next() {
  constexpr int end = std::streambuf::traits_type::eof();
  line_.clear();
  int c = input_.sbumpc();
  if (c == end) return false;
  ++number_;
  for (; c != end && c != '\n'; c = input_.sbumpc()) {
    if (line_.size() == line_bytes_max) break;
    line_.push_back(static_cast<char>(c));
  }
  if (line_.ends_with('\r')) line_.pop_back();
  return true;
}

Error TextLines::error(std::string_view what) const {
  return {ErrorKind::bad_data, fmt::format("line {}: {}", number_, what)};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t start = text.find_first_not_of(white_space);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(white_space) - start + 1);
}

std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, text.find_first_of(white_space));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::int64_t> integer_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

std::string shown(std::string_view text) {
  std::string out;
  append_quoted(text.substr(0, 80), out);
  return out;
}

}  // namespace assay
