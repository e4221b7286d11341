#pragma once
// The address of a node as firewalls need it.

#include <string>

#include "base/result.h"
#include "harness/control/node.h"

namespace assay {

/// In numbers, whatever name the node is reached by. Error (unavailable): cannot be resolved.
Result<std::string> address_of(const Node& node);

}  // namespace assay
