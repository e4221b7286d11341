#include "history/formats/text_lines.h"

#include <fmt/format.h>

#include <cstring>
#include <system_error>

#include "history/text.h"

namespace assay {
namespace {

constexpr std::string_view white_space = " \t\r\n\f\v";

}  // namespace

bool TextLines::next() {
  std::size_t searched = 0;
  const char* line_end = nullptr;
  while (true) {
    const char* from = input_.at() + searched;
    const auto left = static_cast<std::size_t>(input_.end() - from);
    if (left > 0) line_end = static_cast<const char*>(std::memchr(from, '\n', left));
    if (line_end != nullptr) break;
    searched += left;
    if (searched < line_bytes_max && input_.more()) continue;
    if (searched == 0) return false;
    line_end = input_.end();
    break;
  }
  line_ = {input_.at(), static_cast<std::size_t>(line_end - input_.at())};
  if (line_.ends_with('\r')) line_.remove_suffix(1);
  input_.advance_to(line_end == input_.end() ? line_end : line_end + 1);
  ++number_;
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
