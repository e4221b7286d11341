#pragma once
// Where the scripted servers of the tests listen.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <stdexcept>

namespace assay {

struct Listener {
  int socket = -1;  ///< the caller closes it
  std::uint16_t port = 0;
};

/// At a free port of loopback. Throws std::runtime_error if there is none.
inline Listener listen_on_loopback() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  constexpr int backlog = 16;
  if (listener < 0 || ::bind(listener, raw, length) != 0 || ::listen(listener, backlog) != 0 ||
      ::getsockname(listener, raw, &length) != 0) {
    throw std::runtime_error("no port of loopback can be listened on");
  }
  return {listener, ntohs(address.sin_port)};
}

}  // namespace assay
