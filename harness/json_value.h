#pragma once
// Values as plain JSON, for files that people read: faults.jsonl.

#include <nlohmann/json_fwd.hpp>

#include "history/value.h"

namespace assay {

/// The plain JSON a Value is closest to; keywords and tags as their text.
nlohmann::ordered_json to_json(const Value& value);
/// The inverse, as far as JSON can tell: what was a keyword comes back as text.
Value from_json(const nlohmann::ordered_json& json);

}  // namespace assay
