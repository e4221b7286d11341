#pragma once
// A session with a database that speaks SQL, as the clients of all of them see it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay::sql {

/// What came of a statement.
struct Answer {
  enum class Kind : std::uint8_t {
    ok,
    refused,      ///< the server says that it failed; `code` says why
    unconnected,  ///< nothing was sent
    lost,         ///< the connection ended, or the time, before the server said anything
  };
  using Row = std::vector<std::optional<std::string>>;  ///< no text: NULL

  Kind kind = Kind::lost;
  std::vector<Row> rows;
  std::uint64_t affected = 0;  ///< rows that it found and wrote
  std::string code;            ///< SQLSTATE, or the server's own number
  std::string message;

  bool ok() const { return kind == Kind::ok; }
};

/// Used by one thread at a time.
class Connection {
 public:
  virtual ~Connection() = default;
  /// Returns by `deadline`, a time of monotonic_now(); after anything but ok or refused it is
  /// closed.
  virtual Answer execute(const std::string& statement, Nanos deadline) = 0;
  virtual bool is_open() const = 0;
};

/// Where and as whom.
struct Login {
  std::string host;
  std::uint16_t port = 0;
  std::string user;
  std::string password;
  std::string database;
};

/// Opens a session by `deadline`. The answer is ok, refused (password, limits) or unconnected.
struct Opened {
  std::unique_ptr<Connection> connection;
  Answer answer;
};
using Open = Opened (*)(const Login& login, Nanos deadline);

/// Opens a session and runs the statements, for set-up and probes. Error: unavailable (with the
/// server's words), not_permitted (the login was refused).
Result<Answer> run_statements(Open open, const Login& login,
                              const std::vector<std::string>& statements, Nanos limit);

}  // namespace assay::sql
