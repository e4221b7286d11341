#pragma once
// How long something took, as people write it.

#include <string>

#include "base/clock.h"

namespace assay {

/// Rounded to three digits, with its unit: "12 ns", "3.40 µs", "1.50 ms", "2.25 s", "3 min 10 s".
/// The space does not break. Thread-safe.
std::string duration_words(Nanos duration);

}  // namespace assay
