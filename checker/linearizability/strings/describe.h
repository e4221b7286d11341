#pragma once
// Explanation of a string's anomaly in words.

#include "checker/linearizability/strings/string_object.h"
#include "checker/linearizability/strings/string_witness.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// The anomaly that `witness`, calls of `object`, shows on `key`.
Anomaly describe_string_anomaly(const History& history, KeyId key, const StringObject& object,
                                const StringWitness& witness);

}  // namespace assay
