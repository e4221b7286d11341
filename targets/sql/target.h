#pragma once
// SqlTarget: what the targets that are asked in SQL share: logins, the schema `assay` with its
// tables, and sessions with whoever is the primary. A database adds what ClusterTarget wants, and
// which server a client is sent to.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "targets/cluster.h"
#include "targets/failover.h"
#include "targets/sql/client.h"
#include "targets/sql/sessions.h"

namespace assay::sql {

struct TargetSettings {
  ClientSettings client;
  std::vector<Endpoint> hosts;  ///< servers that run already; empty: those of the lab
  Login login;                  ///< of each server, but for its host and port
};

/// From the options that all of these targets have; `fallback` as of login_of. Error:
/// configuration.
Result<TargetSettings> target_settings(const std::map<std::string, std::string>& options,
                                       const Dialect& dialect, std::uint16_t port,
                                       const Login& fallback);

class SqlTarget : public ClusterTarget, public Sessions {
 public:
  bool performs(std::string_view function) const override;
  Status expect(std::string_view datatype) override;
  /// Of each server its version, and that schema assay is not there. Error: as run_statements;
  /// configuration if the schema is there.
  Result<std::vector<std::string>> look() override;
  Sessions* sql_sessions() override { return this; }
  const Dialect& dialect() const override { return dialect_; }
  Opened open_session() override;

 protected:
  /// `name` and `dialect` outlive the target; `ready_timeout`: what a server may take to be ready.
  SqlTarget(std::string_view name, TargetSettings settings, std::uint16_t port,
            std::string data_folder, const Dialect& dialect, Nanos ready_timeout);

  void leave() noexcept override;

  const ClientSettings& client() const { return client_; }
  Login login(std::size_t node) const;
  /// Error: as run_statements.
  Result<Answer> ask(std::size_t node, const std::vector<std::string>& statements,
                     Nanos limit) const;
  /// Asks until the statement's first row has this as its last field, at most for `ready_timeout`.
  /// Error: unavailable, not_permitted.
  Status await(std::size_t node, const std::string& statement, const std::string& wanted) const;
  /// At the first server: notes its version, makes the schema and its tables.
  Status make_schema();

  /// Who is the primary. Whoever starts it stops it in its own destructor: its steps are theirs.
  Failover failover_;
  CurrentPrimary current_{failover_};

 private:
  ClientSettings client_;
  std::vector<Endpoint> hosts_;
  Login login_;
  const Dialect& dialect_;
  Nanos ready_timeout_;
};

}  // namespace assay::sql
