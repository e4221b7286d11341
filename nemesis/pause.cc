// Pause: servers are stopped in their tracks (SIGSTOP), with every connection open, and go on where
// they were (SIGCONT) when the fault heals.

#include "nemesis/fault.h"
#include "nemesis/selector.h"

namespace assay {
namespace {

Result<Injection> plan(const Value& parameters, const Cluster& cluster) {
  const ProcessControl* control = cluster.target.process_control();
  if (control == nullptr) {
    return Error{ErrorKind::configuration, "pause: this target has no process control"};
  }
  const auto nodes = select_nodes(parameters, cluster);
  if (!nodes) return nodes.error().in("pause");
  Injection injection;
  injection.words.resize(cluster.nodes.size());
  for (const std::size_t at : *nodes) injection.words[at] = {"pause", control->pid_file(at)};
  injection.what = "pause " + names_of(*nodes, cluster);
  return injection;
}

}  // namespace

FaultEntry pause_fault() {
  return {"pause", "stops server processes with SIGSTOP; healing lets them go on",
          FaultNeeds::process_control, draw_selection, plan};
}

}  // namespace assay
