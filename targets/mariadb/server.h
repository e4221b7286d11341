#pragma once
// How MariaDB servers are made and joined on the nodes of a lab: arguments, shell commands and SQL.

#include <cstddef>
#include <string>
#include <vector>

#include "targets/cluster.h"
#include "targets/server_process.h"

namespace assay::mariadb {

enum class Replication : unsigned char { async, semi_sync, galera };

inline constexpr const char* data = "/var/lib/assay-mariadb";

struct ServerSettings {
  Replication replication = Replication::async;
  std::string flush = "1";          ///< innodb_flush_log_at_trx_commit
  bool snapshot_isolation = false;  ///< innodb_snapshot_isolation
  bool sync_wait = false;           ///< wsrep_sync_wait for all statements
};

ServerProcess server(const ServerSettings& settings, const std::vector<Endpoint>& places,
                     std::size_t node);
/// Makes the data folder.
std::string init_command(bool primary);

/// Makes a server follow another one, and refuse writes.
std::vector<std::string> follow_statements(const std::string& primary_host);
/// Makes a replica that has applied all it has a primary.
std::vector<std::string> promote_statements(Replication replication);

/// Makes a promoted server come back as a primary after a restart; fails if it is marked already.
std::string mark_statement();

}  // namespace assay::mariadb
