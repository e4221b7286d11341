#pragma once
// How MySQL servers are made and joined to a group on the nodes of a lab: arguments, shell commands
// and SQL.

#include <cstddef>
#include <string>
#include <vector>

#include "targets/cluster.h"
#include "targets/server_process.h"

namespace assay::mysql {

inline constexpr const char* data = "/var/lib/assay-mysql";

struct ServerSettings {
  bool multi_primary = false;
  std::string consistency = "EVENTUAL";  ///< group_replication_consistency
};

/// One place: a single server; several: a group.
ServerProcess server(const ServerSettings& settings, const std::vector<Endpoint>& places,
                     std::size_t node);
/// Makes the data folder, with a user root that may log in from everywhere without a password.
std::string init_command();

/// On the first member; it is the group then. Others join it.
std::vector<std::string> found_group_statements();
std::vector<std::string> join_group_statements();
/// A server that is started joins the group by itself from now on. Not before: one that founds or
/// joins a group for the first time must be told which.
std::string mark_member_command();

/// The host of the primary as a member sees it that has a majority; else an empty text.
std::string primary_query();
/// How many members take part, as a member sees it.
std::string count_members_query();

}  // namespace assay::mysql
