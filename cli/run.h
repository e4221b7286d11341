#pragma once

#include "base/result.h"
#include "cli/run_settings.h"

namespace assay::cli {

/// One run from lab to verdict; the exit code. Errors: usage, configuration, not_permitted, busy,
/// unavailable, cannot_write.
Result<int> run_once(const RunFlags& flags);

}  // namespace assay::cli
