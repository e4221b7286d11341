#pragma once
// Linearizability of a history: every key is an object of its own, checked in parallel.

#include <string_view>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// REQUIRES a history with operations and a real-time order. The result depends on the number of
/// threads only through the limits. Errors: bad_data, usage; they name the event.
Result<CheckResult> check_linearizable(const History& history, std::string_view datatype,
                                       bool guessed, const CheckOptions& options);

}  // namespace assay
