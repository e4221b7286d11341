#pragma once
// Conclusions: what the verdicts about single models say together, by the lattice (lattice.h).

#include <string_view>

#include "checker/verdict.h"

namespace assay {

/// Completes `result.models`: what is unknown but follows from another model's verdict gets that
/// verdict; every violation is linked to an anomaly that shows it; a pass that another model's
/// violation contradicts becomes unknown, since a violation has a witness. Then sets the verdict,
/// the model that it is about, its certificate, `strongest` and `weakest_violated`. With a single
/// model nothing changes but the last two. O(models² · size of the lattice).
void conclude(CheckResult& result);

}  // namespace assay
