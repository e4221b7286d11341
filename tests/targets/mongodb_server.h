#pragma once
// A server for tests that speaks MongoDB's wire protocol as the only member of a replica set, and
// answers commands as the test says.

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "history/value.h"

namespace assay::mongodb {

/// Thread-safe. Listens on loopback from its construction to its destruction.
class ScriptedServer {
 public:
  /// The reply to a command; nil closes the connection without one.
  using Script = std::function<Value(const Value& command)>;
  explicit ScriptedServer(Script script);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// All commands so far but those with which drivers find and leave servers.
  std::vector<Value> commands() const;

 private:
  void accept_all();
  void serve(int connection);
  bool answer_one(int connection);
  Value reply_to(const Value& command);

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<bool> ending_{false};
  mutable std::mutex mutex_;
  std::vector<Value> commands_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace assay::mongodb
