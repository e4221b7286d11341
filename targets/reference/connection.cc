#include "targets/reference/connection.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "targets/reference/protocols/frame.h"

namespace assay::reference {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

int milliseconds_left(Nanos deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - monotonic_now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 3'600'000));
}

}  // namespace

bool Connection::wait_for(short events, Nanos deadline) const {
  while (true) {
    pollfd poll_for{socket_, events, 0};
    const int ready = ::poll(&poll_for, 1, milliseconds_left(deadline));
    if (ready > 0) return true;
    if (ready == 0 && monotonic_now() >= deadline) return false;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool Connection::is_alive() const {
  if (socket_ < 0) return false;
  char byte = 0;
  const auto n = recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
}

Connection::Failure Connection::open(const Address& address, Nanos deadline) {
  close();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  if (getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found) != 0) {
    return Failure::refused;
  }
  const std::unique_ptr<addrinfo, FreeAddresses> addresses(found);
  socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return Failure::refused;
  const int on = 1;
  // Without it replies only come later; that is no reason to fail.
  static_cast<void>(setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
  if (::connect(socket_, found->ai_addr, found->ai_addrlen) == 0) return Failure::none;
  if (errno == EINPROGRESS) {
    if (!wait_for(POLLOUT, deadline)) {
      close();
      return Failure::timed_out;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) {
      return Failure::none;
    }
  }
  close();
  return Failure::refused;
}

Connection::Failure Connection::send(std::string_view payload, Nanos deadline) {
  std::string frame;
  append_frame(frame, payload);
  std::string_view left = frame;
  while (!left.empty()) {
    const auto n = ::send(socket_, left.data(), left.size(), MSG_NOSIGNAL);
    if (n > 0) {
      left.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!wait_for(POLLOUT, deadline)) return Failure::timed_out;
    } else if (!(n < 0 && errno == EINTR)) {
      return Failure::lost;
    }
  }
  return Failure::none;
}

Connection::Failure Connection::receive(std::string& payload, Nanos deadline) {
  while (true) {
    const auto frame = parse_frame(input_);
    if (frame.state == FrameState::corrupt) return Failure::lost;
    if (frame.state == FrameState::whole) {
      payload.assign(frame.payload);
      input_.erase(0, frame.bytes);
      return Failure::none;
    }
    if (!wait_for(POLLIN, deadline)) return Failure::timed_out;
    std::array<char, 4096> bytes{};
    const auto n = recv(socket_, bytes.data(), bytes.size(), 0);
    if (n > 0) {
      input_.append(bytes.data(), static_cast<std::size_t>(n));
    } else if (n == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) {
      return Failure::lost;
    }
  }
}

void Connection::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  input_.clear();
}

}  // namespace assay::reference
