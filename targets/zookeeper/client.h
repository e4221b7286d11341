#pragma once
// A client of ZooKeeper: registers and sets, and locks and elections by nodes that end with their
// session, of one server of the ensemble.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/client.h"
#include "targets/cluster.h"
#include "targets/functions.h"

namespace assay::zookeeper {

struct ClientSettings {
  bool sync = false;  ///< reads are preceded by a sync, which the leader answers
  std::string datatype;
};

/// What the client performs.
Functions functions();

/// A row of the table of errors: a code of zookeeper.h.
struct ErrorRow {
  int code = 0;
  bool definite = false;
};
/// The completion of an operation that ended with this code; what the table does not name is in
/// doubt. `has_effect`: false for what only reads.
Completion classify(int code, bool has_effect);

/// What came of a request.
struct Reply {
  int code = 0;  ///< 0: ok
  std::string data;
  int version = 0;
  std::int64_t created = 0;  ///< the transaction that made the node
  std::int64_t owner = 0;    ///< the session with which it ends; 0: none
  std::vector<std::string> children;
};

/// One session with one server. Not thread-safe; its own threads do not outlive it.
class Session {
 public:
  Session();
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  bool is_open() const;
  /// False: not connected by the deadline.
  bool open(const Endpoint& endpoint, Nanos deadline);
  void close();

  Reply get(const std::string& path, Nanos deadline);
  Reply children(const std::string& path, Nanos deadline);
  /// Nothing: the server does not say.
  std::optional<bool> exists(const std::string& path, Nanos deadline);
  /// `version`: -1 for any.
  Reply set(const std::string& path, const std::string& data, int version, Nanos deadline);
  Reply create(const std::string& path, const std::string& data, Nanos deadline);
  /// A node that ends with this session.
  Reply create_ephemeral(const std::string& path, Nanos deadline);
  Reply remove(const std::string& path, Nanos deadline);
  Reply sync(const std::string& path, Nanos deadline);
  /// With all below it; fine if it is not there.
  Reply remove_all(const std::string& path, Nanos deadline);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class ZookeeperClient final : public Client {
 public:
  ZookeeperClient(Endpoint endpoint, ClientSettings settings)
      : endpoint_(std::move(endpoint)), settings_(std::move(settings)) {}
  Completion invoke(const Invocation& invocation, Nanos timeout) override;

 private:
  Completion attempt(const Invocation& invocation, Nanos deadline);
  Completion read(const std::string& path, Nanos deadline);
  Completion write(const std::string& path, const Value& value, Nanos deadline);
  Completion add(const std::string& path, const Value& value, Nanos deadline);
  Completion cas(const std::string& path, const Value& value, Nanos deadline);

  /// The token is the transaction that made the lock's node.
  Completion acquire(const std::string& path, Nanos deadline);
  Completion release(const std::string& path, Nanos deadline);
  /// Writes to what the lock guards, a node with the largest token.
  Completion use(const std::string& path, const Value& token, Nanos deadline);
  /// [term leader], after standing for election, or after looking; leaders are sessions.
  Completion elect(const std::string& path, Nanos deadline);
  Completion leader(const std::string& path, Nanos deadline);
  Reply synced(Nanos deadline);

  Endpoint endpoint_;
  ClientSettings settings_;
  Session session_;
};

}  // namespace assay::zookeeper
