// What connect_ssh says when there is no SSH server to talk to. Real servers: tests/system.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "harness/control/node.h"

namespace assay {
namespace {

/// A port on loopback; what connects is never answered.
struct SilentServer {
  int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  std::uint16_t port = 0;
  explicit SilentServer(bool listens) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket, generic, length) == 0);
    REQUIRE(::getsockname(socket, generic, &length) == 0);
    if (listens) REQUIRE(::listen(socket, 8) == 0);
    port = ntohs(address.sin_port);
  }
  ~SilentServer() { ::close(socket); }
};

NodeAddress address_at(std::uint16_t port) {
  NodeAddress address;
  address.name = "n1";
  address.host = "127.0.0.1";
  address.port = port;
  address.known_hosts_file = "/dev/null";
  address.identity_file = "/dev/null";
  return address;
}

}  // namespace

TEST_CASE("ssh: a closed port is unavailable, and the message names node and port") {
  const SilentServer server(false);
  const auto node = connect_ssh(address_at(server.port), std::chrono::seconds(5));
  REQUIRE_FALSE(node.ok());
  CHECK(node.error().kind == ErrorKind::unavailable);
  CHECK(node.error().message.find("n1") == 0);
  CHECK(node.error().message.find(std::to_string(server.port)) != std::string::npos);
}

TEST_CASE("ssh: a server that never speaks is given up after the timeout") {
  const SilentServer server(true);
  const Nanos start = monotonic_now();
  const auto node = connect_ssh(address_at(server.port), std::chrono::milliseconds(200));
  REQUIRE_FALSE(node.ok());
  CHECK(node.error().kind == ErrorKind::unavailable);
  CHECK(monotonic_now() - start < std::chrono::seconds(10));
}

}  // namespace assay
