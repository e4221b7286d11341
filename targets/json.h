#pragma once
// JSON of servers and drivers as values; what they send is untrusted.

#include <string>

#include "base/result.h"
#include "history/value.h"

namespace assay {

/// Error (bad_data): not JSON, or nested too deeply.
Result<Value> parse_json(const std::string& text);
std::string json_text(const Value& value);

}  // namespace assay
