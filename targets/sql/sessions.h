#pragma once
// Sessions: the capability of a target to be asked in SQL as it is, beside its clients.

#include <string>
#include <vector>

#include "targets/cluster.h"
#include "targets/sql/connection.h"
#include "targets/sql/dialect.h"

namespace assay::sql {

class Sessions {
 public:
  virtual ~Sessions() = default;
  virtual const Dialect& dialect() const = 0;
  /// A session with the primary; the servers are set up.
  virtual Opened open_session() = 0;
};

/// The same login at another server.
Login login_at(Login login, const Endpoint& server);

/// What a target with SQL answers to Target::look: of each server its version, and that schema
/// assay is not there. Error: as run_statements; configuration if the schema is there.
Result<std::vector<std::string>> look_at(const Dialect& dialect, const Login& login,
                                         const std::vector<Endpoint>& servers);

/// Asks, at most for `limit`, until the statement's first row has this as its last field. Error:
/// unavailable, not_permitted.
Status await_answer(Open open, const Login& login, const std::string& statement,
                    const std::string& wanted, Nanos limit);

}  // namespace assay::sql
