#pragma once
// Shell commands that start and kill one assay-node on its own machine. They are plain POSIX shell,
// idempotent, and need no terminal: whoever runs them may vanish afterwards.

#include <string>
#include <vector>

namespace assay::reference {

struct ServerProcess {
  std::string program = "/opt/assay/assay-node";  ///< its file name must be assay-node
  std::string data_folder = "/var/lib/assay-node";
  std::string log_file = "/var/log/assay-node.log";
  std::string pid_file = "/run/assay-node.pid";
  std::vector<std::string> arguments;  ///< without --data
};

std::string start_command(const ServerProcess& server);
std::string kill_command(const ServerProcess& server);

}  // namespace assay::reference
