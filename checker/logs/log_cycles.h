#pragma once
// Cycles among operations on logs: ww by the order of messages in a log, wr by what a poll
// returned.

#include <cstdint>
#include <string>
#include <vector>

#include "checker/logs/log_operations.h"
#include "checker/logs/log_order.h"

namespace assay {

struct LogEdge {
  std::uint32_t from;  ///< index into LogOperations::operations
  std::uint32_t to;
  bool is_read;     ///< wr; else ww
  LogValue before;  ///< ww: of `from`
  LogValue after;   ///< of `to`
};

struct LogCycle {
  std::string type;  ///< G0 (ww alone), or G1c
  std::vector<LogEdge> edges;
};

/// One shortest cycle of each type a strongly connected component. O(n) plus, for each component,
/// one breadth-first search a member.
std::vector<LogCycle> find_log_cycles(const LogOperations& log, const LogOrder& order);

}  // namespace assay
