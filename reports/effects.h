#pragma once
// What a fault did, measured: how many operations were in flight while it was in force, how they
// fared beside those outside of all faults, and how long the clients needed to recover.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "history/history.h"
#include "reports/faults.h"

namespace assay {

struct FaultEffect {
  std::uint64_t in_flight = 0;  ///< operations whose interval touches the band
  /// Completed inside the band, by Outcome: ok, fail, info.
  std::array<std::uint64_t, 3> completed{};
  double ok_rate = 0;                   ///< acknowledged a second inside the band
  std::optional<double> usual_ok_rate;  ///< … outside of all bands; if there is such a time
  std::optional<Nanos> recovery;  ///< from the band's end to the first acknowledgement after it
};

/// One entry a band. Without times only the counts are set. O(n log n) for
/// bands that do not overlap, O(n b) at worst.
std::vector<FaultEffect> fault_effects(const History& history, const std::vector<FaultBand>& bands);

/// "412 operations in flight, 3 failed, 17 unknown; 62 % of the usual rate; recovered in 1.2 s".
std::string effect_text(const FaultEffect& effect);

/// How far a node's clock was set off, from each moment on.
struct ClockOffset {
  std::string node;                                        ///< untrusted
  std::vector<std::pair<std::int64_t, std::int64_t>> set;  ///< time and offset, in nanoseconds
};

/// From the faults of the kind `clock`: the invocation's `offset_ms`, the completion's `nodes`.
/// O(f).
std::vector<ClockOffset> clock_offsets(const History& history);

/// Appends "clocks":[…] for the page.
void append_clocks(std::string& out, const History& history);

}  // namespace assay
