#pragma once
// Anomalies of transactions, shown again from the history: each by its definition.

#include "base/result.h"
#include "checker/certificate/certificate.h"
#include "checker/certificate/isolation.h"
#include "checker/certificate/units.h"
#include "history/history.h"

namespace assay::certified {

/// Success if the proof's anomaly is in the history and the level forbids it. Error: why not.
Status show_anomaly(const Units& units, const HistoryInfo& info, const Isolation& level,
                    const TransactionProof& proof);

}  // namespace assay::certified
