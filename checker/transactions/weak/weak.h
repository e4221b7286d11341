#pragma once
// Weak isolation levels by commit clocks: is there one order of commits that contains the session
// order and what was read from whom, and in which every read finds the last write visible to it?
// The levels differ in what is visible to a transaction:
//
// - read-committed-be: whatever it has read from before, in its own order of operations;
// - monotonic-atomic-view: the same, without session order;
// - read-atomic: its session before it, and all it reads from;
// - transactional-causal: everything reachable by these steps.
//
// Each says: if t2 is visible to t3 and writes x, and t3 reads x from t1, then t2 commits before
// t1. The level holds exactly if these edges, session order and reads-from have no cycle.
//
// Source: Biswas and Enea, "On the Complexity of Checking Transactional Consistency", 2019;
// Møldrup and Pavlogiannis, "AWDIT: An Optimal Weak Database Isolation Tester", 2025. Cost:
// O(n^1.5), O(n^1.5), O(n k) for n operations and k sessions, if values are unique.

#include <string_view>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/transactions/level_outcome.h"
#include "checker/transactions/transactions.h"

namespace assay {

/// One of the levels above?
bool is_weak_level(std::string_view model);

/// REQUIRES is_weak_level(model). Where a value was written to a key more than once, the reads of
/// it are left out to find violations, and guessed to find an order; unknown if neither decides.
LevelOutcome check_weak(const Transactions& transactions, std::string_view model,
                        const CheckOptions& options);

}  // namespace assay
