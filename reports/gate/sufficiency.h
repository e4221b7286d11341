#pragma once
// Whether the runs tested enough for a pass to mean something, and whether the system was there to
// be tested.

#include <vector>

#include "reports/gate/decision.h"
#include "reports/gate/trial.h"

namespace assay::gate {

/// A row for each experiment that must show a violation: caught or missed.
std::vector<Row> canary_rows(const Question& question, const Trial& trial);
/// At most one row for each experiment and demand of the policy.
std::vector<Row> vacuity_rows(const Policy& policy, const Trial& trial);
std::vector<Row> liveness_rows(const Policy& policy, const Trial& trial);

}  // namespace assay::gate
