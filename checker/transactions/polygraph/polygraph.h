#pragma once
// Serializability, snapshot isolation and their like for transactions over registers, when nobody
// recorded the order in which a key's values replaced each other.

#include <string_view>

#include "checker/checker.h"
#include "checker/transactions/level_outcome.h"
#include "checker/transactions/transactions.h"

namespace assay {

/// Can check_polygraph decide this model?
bool polygraph_knows(std::string_view model);

/// REQUIRES polygraph_knows(model), and transactions that only read and write (others: unknown).
///
/// NP-complete; in practice near-linear when values are unique: most of the order follows by
/// reachability, the rest is searched within options.timeout and memory_bytes. Values written more
/// than once are read from whichever writer fits. A pass comes with an order that verify() replays;
/// a violation with a minimal set of transactions that no order explains.
LevelOutcome check_polygraph(const Transactions& transactions, std::string_view model,
                             const CheckOptions& options);

}  // namespace assay
