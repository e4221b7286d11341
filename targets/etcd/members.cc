#include "targets/etcd/members.h"

#include <algorithm>

#include "harness/control/node.h"

namespace assay::etcd {
namespace {

constexpr const char* cluster_flag = "--initial-cluster";
constexpr const char* state_flag = "--initial-cluster-state";

/// ctl asks the others; look sets `list`, `id` (of this member; empty if it is none) and `names`.
/// A list that could not be had is no list without this member.
std::string shell_functions(const Member& member) {
  std::string endpoints;
  for (const std::string& url : member.others) endpoints += (endpoints.empty() ? "" : ",") + url;
  return "export ETCDCTL_API=3; ctl() { etcdctl --dial-timeout=1s --command-timeout=3s "
         "--endpoints=" +
         shell_quote(endpoints) +
         " \"$@\"; }; "
         "look() { list=$(ctl member list 2>&1) || return 1; "
         "id=$(echo \"$list\" | grep -F " +
         shell_quote(" " + member.peer_url + ",") +
         " | cut -d, -f1); names=$(echo \"$list\" | cut -d, -f3 | sort | tr -d '\\n'); }; "
         "patiently() { n=0; until \"$@\"; do n=$((n+1)); "
         "[ $n -lt 40 ] || { echo \"$list\"; exit 1; }; sleep 0.5; done; }; ";
}

std::string empty_command(const ServerProcess& server) {
  return "{ " + kill_command(server) + "; } && find " + shell_quote(server.data_folder) +
         " -mindepth 1 -delete";
}

/// The arguments without what names the members of a new cluster.
void forget_members(std::vector<std::string>& arguments) {
  for (const char* flag : {cluster_flag, state_flag}) {
    const auto at = std::find(arguments.begin(), arguments.end(), flag);
    if (at != arguments.end()) arguments.erase(at, at + 2);
  }
}

}  // namespace

std::string leave_command(const Member& member, const ServerProcess& server) {
  // Asked again after the removal: only a list without it ends the loop.
  return shell_functions(member) +
         "away() { look || return 1; [ -n \"$id\" ] || return 0; "
         "list=$(ctl member remove $id 2>&1); return 1; }; patiently away && " +
         empty_command(server) + " && echo members:$names";
}

std::string join_command(const Member& member, ServerProcess server) {
  const std::string data = shell_quote(server.data_folder + "/member");
  const std::string start = start_command(server);
  forget_members(server.arguments);
  server.more_arguments = std::string(cluster_flag) + " \"$cluster\" " + state_flag + " existing";
  // A member that was added and never came up is added anew. The answer to that says with whom it
  // is to begin.
  return shell_functions(member) + "patiently look; if [ -n \"$id\" ] && [ -d " + data +
         " ]; then " + start +
         "; exit; fi; before=$names; "
         "add() { look || return 1; "
         "[ -z \"$id\" ] || { list=$(ctl member remove $id 2>&1); return 1; }; "
         "list=$(ctl member add " +
         shell_quote(member.name) + " --peer-urls=" + shell_quote(member.peer_url) +
         " 2>&1) || return 1; "
         "cluster=$(echo \"$list\" | sed -n 's/^ETCD_INITIAL_CLUSTER=\"\\(.*\\)\"$/\\1/p'); }; "
         "patiently add && " +
         empty_command(server) + " && { " + start_command(server) +
         "; } && up() { look && echo \"$list\" | grep -qF " +
         shell_quote(" started, " + member.name + ",") +
         "; } && patiently up && echo was not among$before";
}

}  // namespace assay::etcd
