#include "history/formats/binary_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace assay {
namespace {

constexpr std::uint64_t piece_bytes = std::uint64_t{64} << 10U;

}  // namespace

bool BinaryInput::take(char* to, std::uint64_t count) {
  if (failed_ || count > left_) {
    failed_ = true;
    return false;
  }
  const auto got = input_.sgetn(to, static_cast<std::streamsize>(count));
  offset_ += static_cast<std::uint64_t>(got);
  left_ -= static_cast<std::uint64_t>(got);
  failed_ = static_cast<std::uint64_t>(got) != count;
  return !failed_;
}

std::uint8_t BinaryInput::byte() {
  char c = 0;
  return take(&c, 1) ? static_cast<std::uint8_t>(c) : std::uint8_t{0};
}

std::int64_t BinaryInput::little_i64() {
  std::array<char, 8> raw{};
  if (!take(raw.data(), raw.size())) return 0;
  std::uint64_t number = 0;
  for (std::size_t i = raw.size(); i-- > 0;) {
    number = number << 8U | static_cast<std::uint8_t>(raw.at(i));
  }
  return static_cast<std::int64_t>(number);
}

std::int64_t BinaryInput::big_i64() {
  std::array<char, 8> raw{};
  if (!take(raw.data(), raw.size())) return 0;
  std::uint64_t number = 0;
  for (const char c : raw) number = number << 8U | static_cast<std::uint8_t>(c);
  return static_cast<std::int64_t>(number);
}

std::string BinaryInput::bytes(std::uint64_t count) {
  std::string text;
  while (count > 0 && !failed_) {
    const std::size_t piece = static_cast<std::size_t>(std::min(count, piece_bytes));
    const std::size_t before = text.size();
    text.resize(before + piece);
    const std::uint64_t begin = offset_;
    if (!take(text.data() + before, piece)) text.resize(before + (offset_ - begin));
    count -= piece;
  }
  return text;
}

bool BinaryInput::skip(std::uint64_t count) {
  std::array<char, 4096> unwanted{};
  while (count > 0 && !failed_) {
    const std::uint64_t piece = std::min<std::uint64_t>(count, unwanted.size());
    take(unwanted.data(), piece);
    count -= piece;
  }
  return !failed_;
}

Error BinaryInput::error(std::string_view what) const {
  return {ErrorKind::bad_data, fmt::format("byte {}: {}", offset_, what)};
}

Error BinaryInput::cut_short(std::string_view what) const {
  return error(fmt::format("the input ends inside of {}", what));
}

}  // namespace assay
