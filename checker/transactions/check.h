#pragma once
// Isolation levels of transactions: chooses the engine for each model and datatype.
//
// - dependency graph (graph/): every version order is known: list-append, read-modify-write;
// - commit clocks (weak/): read committed, read atomic, causal, in O(n k);
// - polygraph (polygraph/): serializable, snapshot isolation and their like, order unknown.

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// REQUIRES models of the transaction family. Errors: bad_data, usage.
Result<CheckResult> check_transactions(const History& history, std::string_view datatype,
                                       std::span<const std::string> models,
                                       const CheckOptions& options);

}  // namespace assay
