#pragma once
// How PostgreSQL servers are made and joined on the nodes of a lab: shell commands and SQL.

#include <cstddef>
#include <string>
#include <vector>

#include "targets/server_process.h"

namespace assay::postgres {

enum class Replication : unsigned char { async, sync, remote_apply };

inline constexpr const char* data = "/var/lib/postgresql/assay";
/// Prints the folder of the newest server that is installed.
inline constexpr const char* find_programs_command =
    "ls -d /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1 | sed 's/postgres$//'";

/// `programs`: the folder of the server's programs, with a slash at its end.
ServerProcess server(const std::string& programs);
/// As the primary knows the standby on that node.
std::string standby_name(std::size_t node);
/// "10.77.0.0/24" of "10.77.0.1".
std::string subnet_of(const std::string& host);

/// Makes the data folder of the primary; whoever is in the subnet may log in as anyone.
std::string init_primary_command(const std::string& programs, Replication replication,
                                 const std::string& subnet);
/// Copies the primary; the result starts as its standby.
std::string init_standby_command(const std::string& programs, const std::string& primary_host,
                                 std::size_t node);

/// Makes commits wait for these standbys; none if empty.
std::vector<std::string> synchronize_statements(const std::string& names);
/// Makes a standby follow another primary.
std::vector<std::string> follow_statements(const std::string& primary_host, std::size_t node);
/// Bytes of the log that a standby has.
inline constexpr const char* standby_position_query =
    "SELECT (coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0')::bigint";

}  // namespace assay::postgres
