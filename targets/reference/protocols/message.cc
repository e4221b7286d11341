#include "targets/reference/protocols/message.h"

#include <cstddef>
#include <utility>

#include "targets/reference/protocols/codec.h"

namespace assay::reference {
namespace {

/// Reads the alternative whose position is `type`.
template <std::size_t Position = 0>
std::optional<Message> read_message(std::size_t type, ByteReader& reader) {
  if constexpr (Position == std::variant_size_v<Message>) {
    return std::nullopt;
  } else if (type != Position) {
    return read_message<Position + 1>(type, reader);
  } else {
    std::variant_alternative_t<Position, Message> message;
    get(reader, message);
    if (!reader.done()) return std::nullopt;
    return Message(std::in_place_index<Position>, std::move(message));
  }
}

}  // namespace

void encode(const Message& message, std::string& out) {
  ByteWriter writer(out);
  writer.u8(wire_version);
  writer.u8(static_cast<std::uint8_t>(message.index()));
  std::visit([&](const auto& m) { put(writer, m); }, message);
}

std::optional<Message> decode_message(std::string_view bytes) {
  ByteReader reader(bytes);
  if (reader.u8() != wire_version) return std::nullopt;
  const std::size_t type = reader.u8();
  return read_message(type, reader);
}

}  // namespace assay::reference
