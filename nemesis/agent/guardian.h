#pragma once
// The agent is two processes that watch each other. The guardian waits for the working process and
// heals from the ledger if that one is killed; the working process is told by the kernel when the
// guardian is killed, and heals. If both die at once, the next agent on the node heals.

#include "nemesis/agent/server.h"

namespace assay::agent {

/// Takes the node over from an agent that still runs (it heals and ends), starts the working
/// process and watches it. Returns the exit status.
int guard(const ServeOptions& options);

}  // namespace assay::agent
