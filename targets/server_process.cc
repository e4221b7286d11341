#include "targets/server_process.h"

#include "harness/control/node.h"

namespace assay {
namespace {

// Sets p. A process id may have been given to another program since, and a zombie does not run.
std::string define_running(const ServerProcess& server) {
  return "running() { p=$(cat " + shell_quote(server.pid_file) +
         " 2>/dev/null) && [ -n \"$p\" ] && [ \"$(cat /proc/$p/comm 2>/dev/null)\" = " +
         shell_quote(server.name) +
         " ] && grep -q '^State:[[:space:]]*[^ZX[:space:]]' /proc/$p/status 2>/dev/null; }; ";
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

}  // namespace

std::string start_command(const ServerProcess& server) {
  std::string run = "setsid ";
  if (!server.user.empty()) {
    const std::string user = shell_quote(server.user);
    run += "setpriv --reuid=" + user + " --regid=" + user + " --init-groups ";
  }
  run += shell_quote(server.program);
  for (const auto& argument : server.arguments) run += " " + shell_quote(argument);
  if (!server.more_arguments.empty()) run += " " + server.more_arguments;
  const std::string pid = shell_quote(server.pid_file);
  // Descriptors above 2 are closed: the caller may wait for the end of a pipe among them.
  return define_running(server) + "if ! running; then mkdir -p " + shell_quote(server.data_folder) +
         " " + shell_quote(folder_of(server.log_file)) + " " +
         shell_quote(folder_of(server.pid_file)) + "; " +
         (server.before.empty() ? "" : server.before + "; ") + run + " </dev/null >>" +
         shell_quote(server.log_file) + " 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- & echo $! >" +
         pid +
         "; i=0; while [ $i -lt 100 ] && ! running; do sleep 0.02; i=$((i+1)); done; "
         // One that refuses its options or its port is gone again in a moment.
         "sleep 0.1; running; fi";
}

std::string kill_command(const ServerProcess& server) {
  // Stopped first, so that it can make no more children while they are killed.
  return define_running(server) +
         "if running; then kill -STOP $p; pkill -KILL -P $p; kill -KILL $p; i=0; "
         "while [ $i -lt 250 ] && running; do sleep 0.02; i=$((i+1)); done; ! running; fi";
}

}  // namespace assay
