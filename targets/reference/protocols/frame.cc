#include "targets/reference/protocols/frame.h"

#include <array>

#include "base/assert.h"
#include "targets/reference/protocols/codec.h"

namespace assay::reference {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78U : 0U);
    table[byte] = crc;
  }
  return table;
}
constexpr auto crc_table = make_table();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFU;
  for (const char c : bytes) {
    crc = (crc >> 8) ^ crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xFFU];
  }
  return ~crc;
}

void append_frame(std::string& out, std::string_view payload) {
  ASSAY_ASSERT(payload.size() <= frame_payload_bytes_max);
  ByteWriter writer(out);
  writer.u32(static_cast<std::uint32_t>(payload.size()));
  writer.u32(crc32c(payload));
  out.append(payload);
}

ParsedFrame parse_frame(std::string_view input) {
  if (input.size() < frame_header_bytes) return {};
  ByteReader reader(input);
  const std::size_t length = reader.u32();
  const std::uint32_t crc = reader.u32();
  if (length > frame_payload_bytes_max) return {FrameState::corrupt, {}, 0};
  if (input.size() - frame_header_bytes < length) return {};
  const auto payload = input.substr(frame_header_bytes, length);
  if (crc32c(payload) != crc) return {FrameState::corrupt, {}, 0};
  return {FrameState::whole, payload, frame_header_bytes + length};
}

}  // namespace assay::reference
