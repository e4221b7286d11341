#pragma once
// The promises of append-only logs: acknowledged messages keep their offsets, are not lost, and are
// sent and polled in order; polls see nothing of aborted transactions.
//
// Source: the anomalies of Jepsen's tests of Kafka and Redpanda (Kingsbury, 2022).

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// Model ordered-log of datatype log. O(n log n). Errors: bad_data (names the event).
Result<CheckResult> check_logs(const History& history, const CheckOptions& options);

}  // namespace assay
