#pragma once
// The frontier search for a register, compiled once.

#include <cstddef>
#include <span>

#include "checker/linearizability/limits.h"
#include "checker/linearizability/search.h"
#include "checker/models/register.h"

namespace assay {

/// The frontier search for a register. `calls` sorted by start.
SearchResult search_register(std::span<const RegisterCall> calls, std::size_t value_count,
                             const SearchLimits& limits, bool want_order);

}  // namespace assay
