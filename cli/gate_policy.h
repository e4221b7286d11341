#pragma once
// The gate's policy file (TOML, assay.gate/1).

#include <string>

#include "base/result.h"
#include "reports/gate/policy.h"

namespace assay::cli {

/// Errors: no_input, bad_data (with file, line and what was expected).
Result<gate::Policy> read_policy(const std::string& path);

}  // namespace assay::cli
