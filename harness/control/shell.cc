// The parts of Node that do not depend on how it is reached.

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <fstream>

#include "harness/control/node.h"

namespace assay {

std::string shell_quote(const std::string& text) {
  // Between single quotes nothing is special but the single quote itself.
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

Result<std::string> checksum_of(const std::string& path) {
  static const std::array<std::uint32_t, 256> table = [] {
    constexpr std::uint32_t polynomial = 0x04c11db7;
    std::array<std::uint32_t, 256> rows{};
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
      std::uint32_t row = i << 24U;
      for (int bit = 0; bit < 8; ++bit) {
        row = (row & 0x80000000U) != 0 ? (row << 1U) ^ polynomial : row << 1U;
      }
      rows[i] = row;
    }
    return rows;
  }();
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorKind::no_input, "cannot read " + path};
  std::uint32_t crc = 0;
  std::uint64_t size = 0;
  const auto take = [&crc](unsigned char byte) { crc = (crc << 8U) ^ table[(crc >> 24U) ^ byte]; };
  std::array<char, 65536> buffer{};
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    for (std::streamsize i = 0; i < file.gcount(); ++i) {
      take(static_cast<unsigned char>(buffer[static_cast<std::size_t>(i)]));
    }
    size += static_cast<std::uint64_t>(file.gcount());
  }
  // POSIX: the length follows the contents, its last byte first.
  for (std::uint64_t rest = size; rest > 0; rest >>= 8U) take(static_cast<unsigned char>(rest));
  return fmt::format("{} {}", ~crc, size);
}

Result<std::string> Node::must_run(const std::string& command) {
  Result<CommandResult> result = run(command);
  if (!result.ok()) return result.error();
  if (result->exit_status == 0) return std::move(result->out);
  std::string complaint = result->err.empty() ? result->out : result->err;
  while (!complaint.empty() && complaint.back() == '\n') complaint.pop_back();
  for (char& c : complaint) c = c == '\n' ? ' ' : c;
  return Error{ErrorKind::unavailable, fmt::format("{}: '{}' failed with status {}: {}", name(),
                                                   command, result->exit_status, complaint)};
}

}  // namespace assay
