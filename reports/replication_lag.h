#pragma once
// Replication lag as its readers meet it: for how long, at least, what a read returned had been
// overwritten when the read began. It needs no help from the database: reads, writes and
// compare-and-set of a register are enough.

#include <cstdint>
#include <string>
#include <vector>

#include "history/history.h"

namespace assay {

struct StaleRead {
  OpIndex read = 0;
  std::int64_t lag_ns = 0;  ///< above 0
};

/// The acknowledged reads whose value, written once by an acknowledged write (or initial and never
/// written), was overwritten by a write that began after that one ended and that ended before the
/// read began: the lag is counted from the end of the first such write. A lower bound: what is
/// concurrent, repeated or indeterminate counts as fresh. Ascending by read. Empty without times,
/// or if there are no functions `read` and `write`. O(n log n).
std::vector<StaleRead> stale_reads(const History& history);

/// By node, the largest lag in each bin of the plots (plots.h).
struct NodeLag {
  std::string node;                ///< that was read from; untrusted
  std::vector<std::int64_t> most;  ///< nanoseconds; 0: no stale read began here
};
/// Ascending by node; empty if no read was stale.
std::vector<NodeLag> lag_over_time(const History& history);

/// Appends "lag":[…] for the page.
void append_lag(std::string& out, const History& history);

}  // namespace assay
