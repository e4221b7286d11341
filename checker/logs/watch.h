#pragma once
// The promises of change feeds: what a watch delivers is ordered, unique, atomic, reliable,
// resumable and bookmarkable, passes its filter, and tells creation and previous values rightly.
//
// In the history: `commit` takes a list of [put key value] and [delete key] and returns the
// revision at which they took effect together. `watch` takes a map {key prefix revision prev-kv}
// (no key with prefix: everything) and returns its responses, a list of maps
// {events [{type key value revision create prev-value prev-revision}] progress revision error}.
//
// Source: the guarantees of etcd's documentation, "KV API guarantees: watch".

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// Model watch of datatype watch. O(events + watches · changes). Errors: bad_data (names the
/// event).
Result<CheckResult> check_watches(const History& history, const CheckOptions& options);

}  // namespace assay
