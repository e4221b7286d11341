#pragma once
// Machines that the user has, in the place of a lab's nodes.

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/control/node.h"
#include "harness/target.h"

namespace assay::cli {

/// "user@host:port", each part but the host optional; nodes are called n1, n2, … Error: usage.
Result<std::vector<NodeAddress>> parse_hosts(const std::vector<std::string>& hosts, bool sudo);

/// What sudo may ask for: ASSAY_SUDO_PASSWORD of the environment, else the first line of `file`, or
/// what is typed on the terminal if that is "-" (and left in the environment, for the programs that
/// this one starts). Empty if there is neither. Error: no_input, bad_data (an empty line).
Result<std::string> sudo_password(const std::string& file);

/// Error (unavailable, not_permitted): names the machine.
Result<Nodes> connect_hosts(const std::vector<NodeAddress>& addresses);

/// What a run would touch on each machine, for people, before anything is.
std::string preflight(const std::vector<NodeAddress>& addresses, Target& target,
                      const std::vector<std::string>& faults);

}  // namespace assay::cli
