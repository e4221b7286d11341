#pragma once
// Tail search: an order for the versions of lists that nobody read, where a level cares which of
// them came first and no guess satisfied it.

#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/transactions/graph/dependencies.h"
#include "checker/transactions/graph/levels.h"
#include "checker/transactions/graph/version_orders.h"

namespace assay {

enum class TailAnswer : std::uint8_t { ordered, contradiction, unknown };

struct TailOrder {
  TailAnswer answer = TailAnswer::unknown;
  /// ordered: in every tail, each version before the next one.
  std::vector<VersionStep> steps;
  /// contradiction: the transactions among which there is no order.
  std::vector<TxnIndex> transactions;
};

/// REQUIRES lists, a rule that tests for `single` or `snapshot`, and a graph that satisfies it as
/// far as the orders are known. Two versions of one tail are a choice; a CDCL search over them
/// keeps the graph acyclic (polygraph/solver.h). Exponential at worst; unknown beyond a bound on
/// choices.
TailOrder order_tails(const VersionOrders& orders, const LevelRule& rule, const Dependencies& graph,
                      const SearchLimits& limits);

}  // namespace assay
