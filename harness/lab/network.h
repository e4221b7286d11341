#pragma once
// The lab's network as the host sees it: one bridge, and for each node one virtual cable whose
// other end is the node's eth0. The network namespaces have no names; each lives as long as its
// node's processes.

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "harness/lab/site.h"

namespace assay {

/// Makes the bridge unless it is there. Error: unavailable.
Status make_bridge(const LabSite& site);
/// Lays a cable from the bridge to eth0 in the network namespace of each process.
Status lay_cables(const LabSite& site, const std::vector<std::pair<int, pid_t>>& nodes);
/// The lab's interfaces on the host: the bridge and one a node.
std::vector<std::string> host_interfaces(const LabSite& site);
/// Removes them all. Error: unavailable if some stay.
Status remove_interfaces(const LabSite& site);
/// Removes one node's cable if it is there.
Status remove_cable(const LabSite& site, int node);

/// The state folder of the lab that made this bridge; empty if there is none or it does not say.
std::string bridge_owner(const LabSite& site);

}  // namespace assay
