#pragma once
// The address of a node as firewalls need it.

#include <string>

#include "base/result.h"
#include "harness/control/node.h"

namespace assay {

/// In numbers, whatever name the node is reached by. Error (unavailable): cannot be resolved.
Result<std::string> address_of(const Node& node);
/// That of this machine, as the node sees who comes from here unless it is changed on the way.
/// Error (unavailable): cannot be resolved, or there is no way there.
Result<std::string> own_address_towards(const Node& node);

}  // namespace assay
