#pragma once
// The frontier search for a register: frontier.h, with all that is special about a register made
// use of. Where that search keeps a branch for every set of open writes that may have come and gone
// unseen, this one puts them in when the read that saw one returns (register_moves.h).

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/linearizability/pending_uses.h"
#include "checker/linearizability/schedule.h"
#include "checker/linearizability/search.h"
#include "checker/models/register.h"

namespace assay {

struct RegisterSearch {
  SearchResult result;
  /// No call was lacking of a class that was not counted.
  bool exact = true;
  /// Classes of pending calls that ran short where the search ended, the most recently first.
  std::vector<std::uint32_t> short_of;
};

/// `calls` sorted by start, and their schedule. What the economy does not count makes the search
/// fast. If that is endless, `not_linearizable` is certain, and `linearizable` says nothing; else
/// `linearizable` is certain, and `not_linearizable` only if `exact`. Worst case exponential in the
/// number of calls open at once. limits.beam is not used.
RegisterSearch search_register_frontier(std::span<const RegisterCall> calls,
                                        std::size_t value_count, const Schedule& schedule,
                                        const SearchLimits& limits, const Economy& economy,
                                        bool want_order);

}  // namespace assay
