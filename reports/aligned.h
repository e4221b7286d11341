#pragma once
// Latencies aligned at fault starts, so that two runs can be laid over each other although their
// faults came at different moments.

#include <cstdint>
#include <string>
#include <vector>

#include "history/history.h"

namespace assay {

struct AlignedBin {
  double from_s = 0;  ///< from the fault's start; negative: before it
  std::uint64_t acknowledged = 0;
  double p50_ms = 0;  ///< 0 if none was acknowledged
  double p99_ms = 0;
};

struct AlignedLatency {
  std::string kind;        ///< of the faults (untrusted); empty: from the run's start
  std::size_t starts = 0;  ///< faults of this kind
  double bin_s = 0;
  std::vector<AlignedBin> bins;
};

/// One entry a kind of fault, by name, from 3 s before to 12 s after the starts; for a history
/// without faults one entry over the whole run. Operations count where they were invoked. Empty if
/// the history has no times. O(n f).
std::vector<AlignedLatency> aligned_latencies(const History& history);

}  // namespace assay
