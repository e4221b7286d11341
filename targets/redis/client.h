#pragma once
// A client of Redis: registers, sets, counters, and transactions over lists. It speaks to one
// server and never follows to another: what a server that thinks it is the primary says is what is
// tested.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/client.h"
#include "targets/cluster.h"
#include "targets/functions.h"

struct redisContext;
struct redisReply;

namespace assay::redis {

struct ClientSettings {
  bool primary_only = true;  ///< reads of a server that is not a primary fail
  std::string datatype;
};

/// What the client performs.
Functions functions();

/// A row of the table of errors: how an error reply begins.
struct ErrorRow {
  std::string_view begin;
  bool definite = false;
};
/// The completion of an operation that the server answered with this error; what the table does not
/// name is in doubt. `has_effect`: false for what only reads.
Completion classify(std::string_view error, bool has_effect);

using Command = std::vector<std::string>;

/// One connection. Not thread-safe.
class Session {
 public:
  Session() = default;
  ~Session() { close(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool is_open() const { return context_ != nullptr; }
  /// Empty if it is open, else why not.
  std::string open(const Endpoint& endpoint, Nanos deadline);
  void close();

  struct Freer {
    void operator()(redisReply* reply) const;
  };
  using Reply = std::unique_ptr<redisReply, Freer>;
  /// Sends them all at once; one reply each. Fewer: the connection ended or the time did; it is
  /// closed then, and error() says why.
  std::vector<Reply> ask(const std::vector<Command>& commands, Nanos deadline);
  const std::string& error() const { return error_; }

 private:
  redisContext* context_ = nullptr;
  std::string error_;
};

class RedisClient final : public Client {
 public:
  RedisClient(Endpoint endpoint, ClientSettings settings)
      : endpoint_(std::move(endpoint)), settings_(std::move(settings)) {}
  Completion invoke(const Invocation& invocation, Nanos timeout) override;

 private:
  Completion attempt(const Invocation& invocation, Nanos deadline);

  Endpoint endpoint_;
  ClientSettings settings_;
  Session session_;
};

}  // namespace assay::redis
