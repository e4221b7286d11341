#pragma once
// Parameters: the drawn values of a fault, a Map, written and read by name.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "history/value.h"

namespace assay {

/// Adds to a Map. REQUIRES that it is one.
void add_parameter(Value& parameters, const std::string& name, std::int64_t value);

/// Error (bad_data): missing, no whole number, or out of bounds.
Result<std::int64_t> number_of(const Value& parameters, const std::string& name, std::int64_t least,
                               std::int64_t most);

}  // namespace assay
