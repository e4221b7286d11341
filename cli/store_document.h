#pragma once
// What `assay serve` tells its page of the store: one JSON document.

#include <string>

#include "base/result.h"

namespace assay::cli {

/// {"root":…,"campaign":…,"notes":[…],"runs":[…],"findings":[…]}, the newest first; the campaign is
/// the newest one and how far it is. Text is made visible, but for folders, which addresses need as
/// they are. Reads the store anew. Errors: those of RunIndex.
Result<std::string> store_document(const std::string& store);

}  // namespace assay::cli
