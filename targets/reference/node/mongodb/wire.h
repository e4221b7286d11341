#pragma once
// Frames of MongoDB's wire protocol, as a server sees them. Documents stay bytes.
// Source: MongoDB Specifications, "OP_MSG"; MongoDB Manual, "MongoDB Wire Protocol".

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::mongodb_front {

/// Every frame begins with its length, its number, that of the frame it answers, and its kind.
inline constexpr std::size_t wire_header_bytes = 16;
inline constexpr std::size_t wire_frame_bytes_max = 8 * 1024 * 1024;

/// The length of a frame that begins so, header included; 0: no frame that is read here.
/// REQUIRES: at least wire_header_bytes.
std::size_t wire_frame_length(std::string_view begin);

/// A command. Views are into the frame.
struct WireRequest {
  std::int32_t id = 0;
  bool legacy = false;  ///< an OP_QUERY, with which drivers greet; answered by an OP_REPLY
  bool silent = false;  ///< nobody waits for an answer
  std::string_view document;
  /// Documents that belong to the command's field of this name but stand behind it.
  struct Sequence {
    std::string_view field;
    std::vector<std::string_view> documents;
  };
  std::vector<Sequence> sequences;
};
/// Nothing: malformed, or of another kind.
std::optional<WireRequest> parse_wire_request(std::string_view frame);

/// The whole frame that answers request `id` with this document.
std::string wire_reply(std::int32_t id, bool legacy, std::string_view document);

}  // namespace assay::mongodb_front
