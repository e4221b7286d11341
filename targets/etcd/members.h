#pragma once
// How a server of etcd leaves its cluster and a new one joins: shell commands with etcdctl, to be
// run on the server's own machine.

#include <string>
#include <vector>

#include "targets/server_process.h"

namespace assay::etcd {

struct Member {
  std::string name;
  std::string peer_url;
  std::vector<std::string> others;  ///< the client URLs of the others, who are asked
};

/// Removes it, ends its server and empties its data folder. The last line of its output names who
/// is left. Fails if the others do not agree within about 25 s.
std::string leave_command(const Member& member, const ServerProcess& server);
/// Adds it as a new, empty member and starts it. The last line of its output names who was there
/// without it.
std::string join_command(const Member& member, ServerProcess server);

}  // namespace assay::etcd
