#include "targets/reference/protocols/message.h"

#include "targets/reference/protocols/fields.h"

namespace assay::reference {

void encode(const Message& message, std::string& out) { encode_one_of(wire_version, message, out); }

std::optional<Message> decode_message(std::string_view bytes) {
  return decode_one_of<Message>(wire_version, bytes);
}

}  // namespace assay::reference
