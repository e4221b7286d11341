#pragma once
// Linearizability of a container with removals that never returned: each may have taken any
// element that nobody else took, or none.

#include <cstdint>
#include <utility>
#include <vector>

#include "checker/linearizability/containers/decide.h"
#include "checker/linearizability/search.h"

namespace assay {

struct ContainerAnswer {
  SearchAnswer answer = SearchAnswer::undecided;
  ContainerPattern pattern = ContainerPattern::none;
  std::vector<std::uint64_t> order;  ///< linearizable, if asked for: events
  /// Which value each removal of the order took that never returned.
  std::vector<std::pair<std::uint64_t, ValueId>> taken;
  std::vector<std::uint32_t> elements;  ///< not_linearizable: positions of elements that
  std::vector<std::uint32_t> empties;   ///< with these empty removals fit no order
};

/// REQUIRES a container without flaw. A removal that never returned differs from another only in
/// its start, so of two the earlier is never worse. Exact without such removals or without elements
/// left over, O(n log n). Else: if all elements left over could be taken from the first such
/// removal on and still nothing fits, nothing does. Else the most urgent elements are taken first;
/// if that does not fit, all ways are tried if up to five are left over, and the answer is
/// undecided if more are.
ContainerAnswer solve_container(ContainerKind kind, const Container& container, bool want_order);

}  // namespace assay
