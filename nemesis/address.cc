#include "nemesis/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

namespace assay {

Result<std::string> address_of(const Node& node) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const std::string& host = node.address().host;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &list); code != 0) {
    return Error{ErrorKind::unavailable,
                 node.name() + ": cannot resolve " + host + ": " + ::gai_strerror(code)};
  }
  std::array<char, NI_MAXHOST> text{};
  const int code = ::getnameinfo(list->ai_addr, list->ai_addrlen, text.data(),
                                 static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
  ::freeaddrinfo(list);
  if (code != 0) return Error{ErrorKind::unavailable, host + ": " + ::gai_strerror(code)};
  return std::string(text.data());
}

}  // namespace assay
