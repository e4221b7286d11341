#pragma once
// Strongly connected components (Tarjan, 1972), without recursion.

#include <cstdint>
#include <span>
#include <vector>

#include "checker/transactions/polygraph/precedence.h"

namespace assay::polygraph {

struct Components {
  std::vector<std::uint32_t> of;  ///< by point
  std::uint32_t count = 0;
};

/// O(points + edges).
Components strong_components(std::size_t points, std::span<const Edge> edges);

}  // namespace assay::polygraph
