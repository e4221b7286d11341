#pragma once
// MongoDB's own driver (libmongoc) as far as the client needs it. Commands and replies are values;
// only driver.cc knows the library.

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "targets/cluster.h"
#include "targets/mongodb/errors.h"

namespace assay::mongodb {

struct DriverSettings {
  std::vector<Endpoint> hosts;  ///< of the replica set; the driver finds the others
  bool direct = false;          ///< asks the first host, whatever its role
  std::string user;
  std::string password;
  Value write_concern;       ///< {"w":"majority"}
  std::string read_concern;  ///< local
  bool secondary_reads = false;
  bool causal = false;        ///< one causally consistent session for all commands
  bool retry_writes = false;  ///< a write that was not answered is sent again, once
};

/// Not thread-safe.
class Driver {
 public:
  virtual ~Driver() = default;
  /// Runs commands of database `assay`, within the transaction if one is begun, else with the
  /// settings' concerns. The driver repeats no read, and a write only by `retry_writes`.
  virtual Answer read(const Value& command, Nanos deadline) = 0;
  virtual Answer write(const Value& command, Nanos deadline) = 0;
  /// A command that names its concerns itself, of any database.
  virtual Answer admin(const std::string& database, const Value& command) = 0;

  /// Asks no server; it is refused only if a transaction is begun already.
  virtual Answer begin() = 0;
  /// The driver repeats it once: its answer may be that to the second.
  virtual Answer commit() = 0;
  virtual void abort() = 0;
};

/// Connects at the first command. `timeout`: of each exchange with a server.
std::unique_ptr<Driver> make_driver(const DriverSettings& settings, Nanos timeout);

}  // namespace assay::mongodb
