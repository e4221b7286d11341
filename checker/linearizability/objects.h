#pragma once
// The datatypes whose linearizability can be decided, each with its ObjectChecker.

#include <string_view>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/linearizability/object_checker.h"
#include "history/history.h"

namespace assay {

/// `guessed`: the datatype was inferred, so values that do not look like it are a usage error.
/// Errors: usage (no linearizability for this datatype).
Result<MakeObjectChecker> object_checker_for(std::string_view datatype, const History& history,
                                             const CheckOptions& options, bool guessed);

}  // namespace assay
