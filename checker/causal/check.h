#pragma once
// Causal consistency, session guarantees and sequential consistency of register histories.

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/verdict.h"
#include "history/history.h"

namespace assay {

/// REQUIRES models of the session family and datatype register. Errors: bad_data, usage.
Result<CheckResult> check_sessions(const History& history, std::string_view datatype,
                                   std::span<const std::string> models,
                                   const CheckOptions& options);

}  // namespace assay
