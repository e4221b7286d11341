#pragma once
// The search for a string, compiled once.

#include <span>
#include <string_view>

#include "checker/linearizability/limits.h"
#include "checker/linearizability/search.h"
#include "checker/models/kv_string.h"

namespace assay {

/// `calls` sorted by start; `texts`: what their numbers mean.
SearchResult search_string(std::span<const std::string_view> texts, std::string_view initial,
                           std::span<const StringCall> calls, const SearchLimits& limits,
                           bool want_order);

}  // namespace assay
