#pragma once
// Fault bands: when which fault was in force, made from the nemesis's events. A band goes from the
// completion of start-X to the completion of stop-X, because only then is the fault there or gone.

#include <cstdint>
#include <string>
#include <vector>

#include "history/history.h"

namespace assay {

struct FaultBand {
  std::string kind;       ///< partition, kill, … (untrusted, as everything of a history)
  std::string what;       ///< what was done, as the nemesis said: the text `what` of the completion
  std::string error;      ///< why it is not certain that it was done; may be empty
  std::int64_t from = 0;  ///< nanoseconds, or event index if the history has no times
  std::int64_t to = 0;
  std::uint64_t from_event = 0;
  std::uint64_t to_event = no_event;  ///< no_event: until the end of the history
  bool certain = true;                ///< false: start or end was answered by info, or not at all
  bool instant = false;               ///< an event without a start- or stop- in its name
};

/// Ascending by start. A stop ends every open band of its kind. O(f).
std::vector<FaultBand> fault_bands(const History& history);

/// The right end of the axis that bands and operations share: nanoseconds or event index.
std::int64_t axis_end(const History& history);

}  // namespace assay
