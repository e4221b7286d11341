#pragma once
// Isolation levels of closed worlds: dependencies of objects and of predicates (Adya, "Weak
// Consistency", 1999), and the cycles in them.

#include <span>
#include <string>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// REQUIRES models of the transaction family. A pass is exact where the order of all versions is
/// known; else one order is tried, and if it satisfies the model that is a pass too. There are no
/// certificates for these yet. Errors: bad_data (names the event).
/// O(reads · objects) for predicate reads, since a closed world knows what each one did not return.
Result<CheckResult> check_closed_predicates(const History& history,
                                            std::span<const std::string> models,
                                            const CheckOptions& options);

}  // namespace assay
