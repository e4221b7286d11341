#pragma once
// The working process of the agent: reads requests, injects and heals, and heals everything when
// nobody is left who would ask for it.

#include <string>

#include "base/clock.h"

namespace assay::agent {

struct ServeOptions {
  Nanos lease = std::chrono::seconds(5);
  std::string folder = "/run/assay";  ///< ledger, lock and log
};

/// Heals what a dead agent left, greets, then serves requests (see wire.h):
///   ping                       renews the lease, as every line does
///   inject FAULT KIND WORD…    see kinds.h; answers `ok REMARK`
///   heal FAULT                 heals one; answers `ok EFFECT`; one not in force is healed already
///   heal-all                   answers `ok` and, as one word, the line of FAULT EFFECT of each
///   list                       the ids of the faults in force
///   process PID_FILE           running, stopped or none
/// Returns when standard input ends, the lease runs out, an answer cannot be written or SIGTERM
/// arrives: after it healed everything. The return value is the process's exit status, 0 if
/// everything could be healed.
int serve(const ServeOptions& options);

/// Heals what the ledger lists, trying for a few seconds. True if nothing is left in force.
bool heal_leftovers(const ServeOptions& options, const std::string& why);

/// Adds a line to the log in the folder, with the time.
void log_line(const ServeOptions& options, const std::string& text);

}  // namespace assay::agent
