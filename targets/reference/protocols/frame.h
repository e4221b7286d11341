#pragma once
// The frame that carries every message on a socket and every record in the write-ahead log:
// u32 length, u32 CRC-32C of the payload, payload; integers little-endian.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace assay::reference {

inline constexpr std::size_t frame_header_bytes = 8;
inline constexpr std::size_t frame_payload_bytes_max = 8 * 1024 * 1024;

/// CRC-32C (Castagnoli polynomial, reflected), as in RFC 3720.
std::uint32_t crc32c(std::string_view bytes);

/// Appends the payload as a frame. REQUIRES: payload of at most frame_payload_bytes_max bytes.
void append_frame(std::string& out, std::string_view payload);

enum class FrameState : std::uint8_t { whole, incomplete, corrupt };

struct ParsedFrame {
  FrameState state = FrameState::incomplete;
  std::string_view payload;  ///< whole: a view into the input
  std::size_t bytes = 0;     ///< whole: length of the frame with its header
};

/// Looks at the first frame of the input. O(its length).
ParsedFrame parse_frame(std::string_view input);

}  // namespace assay::reference
