#include "targets/reference/protocols/client_message.h"

#include "targets/reference/protocols/fields.h"
#include "targets/reference/protocols/message.h"

namespace assay::reference {

std::string_view name_of(Role role) {
  switch (role) {
    case Role::follower:
      return "follower";
    case Role::candidate:
      return "candidate";
    case Role::leader:
      return "leader";
  }
  return "unknown";
}

void encode(const ClientMessage& message, std::string& out) {
  encode_one_of(wire_version, message, out);
}

std::optional<ClientMessage> decode_client_message(std::string_view bytes) {
  return decode_one_of<ClientMessage>(wire_version, bytes);
}

}  // namespace assay::reference
