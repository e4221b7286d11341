#pragma once
// Whether the system became slower than the baseline says.

#include <vector>

#include "reports/gate/decision.h"
#include "reports/gate/trial.h"

namespace assay::gate {

/// For each experiment, or system and set of faults: a row if the median of the runs is worse than
/// the baseline's by more than allowed and chance explains that in fewer than 5 of 100 cases, or if
/// there are too few runs to say.
std::vector<Row> performance_rows(const Question& question, const Trial& trial);

/// Replaces the values of each of them that was run by those of its passing runs.
void take_performance(const Question& question, const Trial& trial, Baseline& baseline);

}  // namespace assay::gate
