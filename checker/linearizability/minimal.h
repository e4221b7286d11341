#pragma once
// The last word on whether a witness is minimal: the verifier's. Whatever an algorithm took into a
// witness, an operation without which the verifier is convinced as well is left out.

#include <string_view>

#include "checker/linearizability/object_checker.h"

namespace assay {

/// What `checker` says about a violated key, with as few operations as the verifier needs.
/// `anomaly.minimal` is set only if the verifier refuses the witness without any one of them; not
/// where there is no verifier, for keys of more than 250,000 operations or when the time is up.
ExplainedAnomaly explain_minimal(ObjectChecker& checker, const History& history,
                                 std::string_view datatype, KeyId key, const KeyOutcome& outcome,
                                 const SearchLimits& limits);

}  // namespace assay
