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
  std::optional<std::vector<TxnIndex>> order;
  std::uint64_t configurations = 0;
};

/// By values, so it does not matter which write a read returned. Operations of unknown outcome are
/// taken or left. Reads that are possible now are taken at once, without loss; nothing is taken
/// that overwrites for ever what must still be read; what was seen first is tried first. `view`:
/// saturated with reads of certain writers only; null: none. Exponential in the number of sessions;
/// remembers what it has tried. `left_out`: by transaction, those that do not count; empty: all
/// count.
SequentialSearch search_sequential(const Observations& seen, const View* view,
                                   const SearchLimits& limits, const std::vector<bool>& left_out);

struct NonsequentialCore {
  std::vector<TxnIndex> operations;  ///< ascending
  bool minimal = false;              ///< without any one of them the others have an order
};

/// Operations that have no order by themselves. Closed: who could have supplied a read is among
/// them. All of them, if there are more than a hundred. REQUIRES that they have no order.
NonsequentialCore smallest_nonsequential(const Observations& seen, const SearchLimits& limits);

}  // namespace assay::causal
