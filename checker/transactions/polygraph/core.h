#pragma once
// A small part of a contradictory history that is contradictory by itself.

#include <vector>

#include "checker/transactions/polygraph/decide.h"

namespace assay::polygraph {

struct Core {
  std::vector<NodeId> nodes;  ///< ascending
  bool minimal = false;       ///< without any one of them the rest has an order
};

/// REQUIRES that decide(facts, rules) finds a contradiction. Parts are contradictory only if the
/// whole is, and the more a part contains the more so: growing a part around `suspects` until it is
/// contradictory, then halving, takes O(core log n) decisions, most of them of small parts.
Core find_core(const Facts& facts, const Rules& rules, const std::vector<NodeId>& suspects,
               const SearchLimits& limits);

}  // namespace assay::polygraph
