#pragma once
// Shell commands that start and kill one server on its own machine. They are plain POSIX shell,
// idempotent, and need no terminal: whoever runs them may vanish afterwards.

#include <string>
#include <vector>

namespace assay {

struct ServerProcess {
  std::string program;  ///< full path
  std::string name;     ///< of the process, as /proc/PID/comm has it: at most 15 characters
  std::string user;     ///< who runs it; empty: whoever starts it
  std::string before;   ///< shell commands before each start; empty: none
  std::string data_folder;
  std::string log_file;
  std::string pid_file;
  std::vector<std::string> arguments;
  std::string more_arguments;  ///< as shell text, of variables that `before` sets
};

/// Starts it unless it runs. Fails if it is gone again in a moment.
std::string start_command(const ServerProcess& server);
/// SIGKILLs it, its children first, and waits until it is gone.
std::string kill_command(const ServerProcess& server);

}  // namespace assay
