#include "tests/targets/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "tests/targets/loopback.h"

namespace assay {
namespace {

constexpr int poll_ms = 20;

/// Appends what has come. False: the other side has closed.
bool receive_some(int connection, std::string& text) {
  std::array<char, 4096> bytes{};
  const auto count = ::recv(connection, bytes.data(), bytes.size(), 0);
  if (count <= 0) return false;
  text.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

std::size_t announced_length(const std::string& head) {
  const std::string name = "Content-Length: ";
  const auto at = head.find(name);
  if (at == std::string::npos) return 0;
  return std::strtoul(head.c_str() + at + name.size(), nullptr, 10);
}

}  // namespace

ScriptedHttpServer::ScriptedHttpServer(Script script) : script_(std::move(script)) {
  const Listener listener = listen_on_loopback();
  listener_ = listener.socket;
  port_ = listener.port;
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedHttpServer::~ScriptedHttpServer() {
  ending_ = true;
  acceptor_.join();
  ::close(listener_);
}

std::vector<std::pair<std::string, std::string>> ScriptedHttpServer::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

bool ScriptedHttpServer::wait_for_input(int socket) const {
  while (!ending_) {
    pollfd ready{socket, POLLIN, 0};
    if (::poll(&ready, 1, poll_ms) > 0) return true;
  }
  return false;
}

void ScriptedHttpServer::accept_all() {
  while (wait_for_input(listener_)) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) continue;
    serve(connection);
    ::close(connection);
  }
}

void ScriptedHttpServer::serve(int connection) {
  std::string text;
  std::size_t head = std::string::npos;
  while (head == std::string::npos) {
    if (!wait_for_input(connection) || !receive_some(connection, text)) return;
    head = text.find("\r\n\r\n");
  }
  const std::size_t begin = head + 4;
  const std::size_t whole = begin + announced_length(text.substr(0, begin));
  while (text.size() < whole) {
    if (!wait_for_input(connection) || !receive_some(connection, text)) return;
  }
  // "POST path HTTP/1.1"
  const auto start = text.find(' ') + 1;
  const std::string path = text.substr(start, text.find(' ', start) - start);
  const std::string body = text.substr(begin);
  {
    const std::scoped_lock lock(mutex_);
    requests_.emplace_back(path, body);
  }
  const Response response = script_(path, body);
  if (response.body.empty()) return;
  const std::string answer = "HTTP/1.1 " + std::to_string(response.status) +
                             " said so\r\nConnection: close\r\n\r\n" + response.body;
  if (::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
  std::string rest;
  while (response.stays_open && wait_for_input(connection) && receive_some(connection, rest)) {
  }
}

}  // namespace assay
