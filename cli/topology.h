#pragma once
// A topology: data centres and how far they are from each other.
//   [zones]
//   east = ["n1", "n2"]
//   west = ["n3", "clients"] # clients may stand in a zone, and are near to all nodes otherwise
//   [latency]                # one way; both, unless the other direction stands there too
//   east-west = "40ms"

#include <string>

#include "base/result.h"
#include "nemesis/registry.h"

namespace assay::cli {

/// Of `nodes` nodes, n1 and so on, each of which must stand in one zone, and each pair of zones
/// must have a latency of at most 10 s. Errors: no_input, bad_data (with file, line and what was
/// expected).
Result<Latencies> read_topology(const std::string& path, int nodes);

}  // namespace assay::cli
