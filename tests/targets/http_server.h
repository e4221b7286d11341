#pragma once
// A server for tests that answers POST requests as the test says.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace assay {

/// Thread-safe. Listens on loopback from its construction to its destruction; one connection at a
/// time, one request each.
class ScriptedHttpServer {
 public:
  struct Response {
    std::string body;
    bool stays_open = false;  ///< until the client leaves: a stream that goes on
    int status = 200;
  };
  /// An empty body closes the connection without a word.
  using Script = std::function<Response(const std::string& path, const std::string& body)>;
  explicit ScriptedHttpServer(Script script);
  ~ScriptedHttpServer();
  ScriptedHttpServer(const ScriptedHttpServer&) = delete;
  ScriptedHttpServer& operator=(const ScriptedHttpServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// Path and body of all requests so far.
  std::vector<std::pair<std::string, std::string>> requests() const;

 private:
  void accept_all();
  void serve(int connection);
  bool wait_for_input(int socket) const;

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, std::string>> requests_;
  std::thread acceptor_;
};

}  // namespace assay
