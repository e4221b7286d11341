#pragma once
// Runs a command on the node, bounded in time.

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace assay::agent {

/// Time enough for a command that looks at something, sets it, or starts or ends a server.
constexpr Nanos command_timeout = std::chrono::seconds(10);

/// Keeps waiting: for a command that nothing but its timeout gives up.
inline bool for_ever() { return true; }

struct CommandOutcome {
  int exit_status = 0;
  std::string output;  ///< its stdout and stderr, at most 4 KiB
};

/// Names the folder where commands leave a mark while they are under way, so that whoever takes
/// over from a killed process can end them. Called once, before any command.
void mark_commands_in(const std::string& folder);

/// Ends the command that a killed process left under way in that folder, with all of its session,
/// and waits until it is gone: else it could do its work after this has been undone. A server that
/// the command has started, in a session of its own, goes on. Error (busy): it does not end.
Status end_command_under_way();

/// Runs `arguments` with `input` as its standard input, in a session of its own and with default
/// signal handling, so that a server it starts inherits nothing of the agent. Every 5 ms it calls
/// `keep_waiting`; when that returns false or `timeout` has passed, the command is given up: it is
/// killed with all of its session. Error (unavailable): cannot start, or given up.
Result<CommandOutcome> run_command(const std::vector<std::string>& arguments,
                                   const std::string& input, Nanos timeout,
                                   const std::function<bool()>& keep_waiting);

/// `sh -c COMMAND`; a non-zero exit status is an Error that carries the output.
Status run_shell(const std::string& command, Nanos timeout = command_timeout,
                 const std::function<bool()>& keep_waiting = for_ever);

}  // namespace assay::agent
