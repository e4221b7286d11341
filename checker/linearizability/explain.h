#pragma once
// Explanation of a register anomaly in words: what is wrong, and the contradiction as a cycle of
// "must come before" steps, each with its reason.

#include "checker/linearizability/register_object.h"
#include "checker/linearizability/witness.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// The anomaly that `witness`, calls of `object`, shows on `key`.
Anomaly describe_register_anomaly(const History& history, KeyId key, const RegisterObject& object,
                                  const CallWitness& witness);

}  // namespace assay
