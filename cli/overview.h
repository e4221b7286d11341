#pragma once
// The runs of a campaign or of a whole store, for a page about all of them.

#include <string>

#include "base/result.h"
#include "reports/overview.h"

namespace assay::cli {

/// Whether the path is the folder of a campaign (it has a ledger) or of a store.
bool is_campaign(const std::string& path);
bool is_store(const std::string& path);

/// REQUIRES: is_campaign or is_store. Errors: those of the ledger and of the index; no_input if
/// there is no run.
Result<Overview> overview_of(const std::string& path);

}  // namespace assay::cli
