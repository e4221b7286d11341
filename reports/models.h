#pragma once
// Where several models were checked: which of them hold, which are violated and by what, and which
// could not be refuted, in the forms that the reports put out.

#include <string>
#include <string_view>

#include "checker/verdict.h"

namespace assay {

/// "holds", "violated", or "not refuted": a violation was not found, nor a proof that there is
/// none.
std::string_view standing(Verdict verdict);

/// "serializable is violated, snapshot-isolation holds": the models that say the most.
std::string models_clause(const CheckResult& result);
/// Lines for a terminal; empty if only one model was checked.
std::string models_text(const CheckResult& result);
/// A section of the page, with links to the anomalies; empty if only one model was checked.
std::string models_section(const CheckResult& result);

/// A paragraph: the weakest models that the anomaly rules out with what implies them, and the
/// strongest of the same kind that allow it. Only the model it names, if the lattice has no more.
std::string ruled_out(const Anomaly& anomaly);

}  // namespace assay
