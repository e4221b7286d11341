// Kill: servers end without warning (SIGKILL) and are started again when the fault heals. Both are
// commands of the target's; the agent on the node runs them.

#include "nemesis/fault.h"
#include "nemesis/selector.h"

namespace assay {
namespace {

Result<Injection> plan(const Value& parameters, const Cluster& cluster) {
  const ProcessControl* control = cluster.target.process_control();
  if (control == nullptr) {
    return Error{ErrorKind::configuration, "kill: this target has no process control"};
  }
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in("kill");
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) {
    injection.words[at] = {"command", control->kill_command(at), control->start_command(at)};
  }
  injection.what = "kill " + names_of(*nodes, cluster);
  return injection;
}

}  // namespace

FaultEntry kill_fault() {
  return {"kill", "kills servers with SIGKILL; healing starts them again",
          FaultNeeds::process_control, draw_selection, plan};
}

}  // namespace assay
