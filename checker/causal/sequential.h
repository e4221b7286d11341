#pragma once
// One order of all operations that keeps each session's order and explains every read: a search
// over how far each session has come.

#include <cstdint>
#include <optional>
#include <vector>

#include "checker/causal/view.h"
#include "checker/linearizability/limits.h"

namespace assay::causal {

struct SequentialSearch {
  bool complete = true;  ///< false: the limit was reached
  std::optional<std::vector<Node>> order;
  std::uint64_t configurations = 0;
};

/// `view`: saturated, which prunes. Reads that are possible now are taken at once, without loss.
/// Exponential in the number of sessions; remembers what it has tried.
SequentialSearch search_sequential(const Observations& seen, const View& view,
                                   const SearchLimits& limits);

}  // namespace assay::causal
