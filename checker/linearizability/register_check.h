#pragma once
// Linearizability of a history of registers: every key on its own, in parallel.

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// REQUIRES a history with operations and a real-time order. With `scalars_only`, collections as
/// values are an error, because the datatype was guessed. The result depends on the number of
/// threads only through the limits. Errors: bad_data, usage; they name the event.
Result<CheckResult> check_registers(const History& history, const CheckOptions& options,
                                    bool scalars_only);

}  // namespace assay
