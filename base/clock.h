#pragma once
// The two clocks of a run. A history's times come from one monotonic clock of the controller,
// never from the nodes' wall clocks, which the nemesis may skew.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace assay {

using Nanos = std::chrono::nanoseconds;

/// Time since an arbitrary start; never goes back.
inline Nanos monotonic_now() { return std::chrono::steady_clock::now().time_since_epoch(); }

/// "20261123T071500Z": UTC wall time for folder names.
std::string utc_stamp();

/// "1.5s", "200ms", "60s", "5m", "2h". A bare number is refused: a duration always names its unit.
Result<Nanos> parse_duration(std::string_view text);

/// Loses nothing and can be read back: "1500ms", "60s".
std::string exact_duration(Nanos duration);

/// For people, rounded: one of "12ns", "3.4us", "1.5ms", "2.25s", "3m10s".
std::string format_duration(Nanos duration);

}  // namespace assay
