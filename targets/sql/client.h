#pragma once
// A client of a database that speaks SQL: registers, sets, counters, accounts, and transactions
// over registers, lists and rows that are found by a predicate, each as a table of schema assay.
// Single statements commit by themselves; more are a transaction. The schema's name keeps it apart
// from what else is in the database.

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/client.h"
#include "targets/functions.h"
#include "targets/sql/columns.h"
#include "targets/sql/connection.h"
#include "targets/sql/dialect.h"

namespace assay::sql {

struct ClientSettings {
  const Dialect* dialect = nullptr;
  Isolation isolation = Isolation::serializable;
  Isolation read_isolation = Isolation::serializable;  ///< of transactions that only read
  bool declares_reads = false;  ///< transactions that only read are begun as READ ONLY
  bool locking = false;  ///< reads inside transactions that write lock their rows: FOR UPDATE
  bool rewrite = false;  ///< an append reads the list and writes it whole
  Layout layout;
  double aborts = 0;      ///< share of transactions that end in ROLLBACK
  double savepoints = 0;  ///< share of those that first do the same writes again, and undo them
  std::string datatype;   ///< what `read` reads
};

/// What the client performs.
Functions functions();

/// Where to send an operation: asked before each one, so that it can follow a failover.
using Route = std::function<Login(bool read_only)>;

class SqlClient final : public Client {
 public:
  SqlClient(ClientSettings settings, Route route);
  Completion invoke(const Invocation& invocation, Nanos timeout) override;

 private:
  Completion attempt(const Invocation& invocation, Nanos deadline);
  Connection* session(bool read_only, Nanos deadline, Answer& answer);
  Completion single(const std::string& statement, bool writes, Nanos deadline,
                    const std::function<Completion(const Answer&)>& read);

  Completion transact(const Invocation& invocation, Nanos deadline);
  Completion transfer(const Invocation& invocation, Nanos deadline);
  Answer begin(Connection& at, bool writes, Nanos deadline);
  Completion commit(Connection& at, bool writes, Value result, Nanos deadline);
  /// One step of a transaction; its value with what was read, or why not.
  Answer perform_step(Connection& at, Value& step, bool locks, Nanos deadline);
  static Answer write_row(Connection& at, const Statements::Attempts& attempts, Nanos deadline);
  Answer undo_in_savepoint(Connection& at, bool locks, Nanos deadline);
  /// Rolls back and says what it came to.
  Completion give_up(Connection& at, const Answer& answer, Nanos deadline);
  void roll_back(Connection& at, Nanos deadline);

  ClientSettings settings_;
  Route route_;
  std::unique_ptr<Connection> sessions_[2];  // for what writes, for what only reads
  Login logins_[2];
  Value::List undone_;  ///< the writes of the last transaction that was rolled back on purpose
};

}  // namespace assay::sql
