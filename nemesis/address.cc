#include "nemesis/address.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace assay {

namespace {

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = sizeof bytes;

  sockaddr* get() { return reinterpret_cast<sockaddr*>(&bytes); }
};

Result<SocketAddress> resolve(const Node& node) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  const std::string& host = node.address().host;
  // A port that is no matter: no packet is sent there.
  if (const int code = ::getaddrinfo(host.c_str(), "9", &hints, &list); code != 0) {
    return Error{ErrorKind::unavailable,
                 node.name() + ": cannot resolve " + host + ": " + ::gai_strerror(code)};
  }
  SocketAddress address;
  address.size = list->ai_addrlen;
  std::memcpy(&address.bytes, list->ai_addr, list->ai_addrlen);
  ::freeaddrinfo(list);
  return address;
}

Result<std::string> in_numbers(SocketAddress address, const Node& node) {
  std::array<char, NI_MAXHOST> text{};
  const int code = ::getnameinfo(address.get(), address.size, text.data(),
                                 static_cast<socklen_t>(text.size()), nullptr, 0, NI_NUMERICHOST);
  if (code == 0) return std::string(text.data());
  return Error{ErrorKind::unavailable, node.address().host + ": " + ::gai_strerror(code)};
}

}  // namespace

Result<std::string> address_of(const Node& node) {
  auto address = resolve(node);
  if (!address) return address.error();
  return in_numbers(*address, node);
}

Result<std::string> own_address_towards(const Node& node) {
  auto address = resolve(node);
  if (!address) return address.error();
  const int socket = ::socket(address->get()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  SocketAddress own;
  const bool known = socket >= 0 && ::connect(socket, address->get(), address->size) == 0 &&
                     ::getsockname(socket, own.get(), &own.size) == 0;
  const int reason = errno;
  if (socket >= 0) ::close(socket);
  if (known) return in_numbers(own, node);
  return Error{ErrorKind::unavailable,
               node.name() + ": no way to " + node.address().host + ": " + std::strerror(reason)};
}

}  // namespace assay
