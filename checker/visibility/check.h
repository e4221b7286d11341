#pragma once
// Visibility of what was added to sets that only grow and are read as a whole: weaker promises than
// linearizability, for stores that promise no more (after the set, set-full and causal-reverse
// checks of Jepsen).
//
// - set: the last read shows every acknowledged element, and none that nobody tried to add;
// - set-full: an element that was acknowledged or read is not missing for good in later reads.
//   Reads may be stale for a while;
// - ordered-visibility: a read that shows an element also shows all whose add was over before that
//   element's add began.

#include <span>
#include <string>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// REQUIRES models of the visibility family and datatype set. A write counts as an add. Unknown if
/// nothing was read that could decide. Errors: bad_data (names the event).
/// O(total size of the reads), per key.
Result<CheckResult> check_visibility(const History& history, std::span<const std::string> models,
                                     const CheckOptions& options);

}  // namespace assay
