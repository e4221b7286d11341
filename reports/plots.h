#pragma once
// Throughput and latency over time, counted over all operations of a run in bins of equal length.

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "history/history.h"

namespace assay {

/// How the time of a history is divided for plots.
struct Bins {
  std::int64_t length_ns = 0;  ///< 1, 2 or 5 times a power of ten; 0: the history has no times
  std::size_t count = 0;       ///< at most 400
  /// REQUIRES: count > 0. Moments before and after the run count with its first and last bin.
  std::size_t at(std::int64_t moment_ns) const;
};
Bins bins_of(const History& history);

struct PlotBin {
  std::array<std::uint32_t, 3> completed{};  ///< by Outcome: ok, fail, info
  double p50_ms = 0;                         ///< of acknowledged operations; 0 if there are none
  double p95_ms = 0;
  double p99_ms = 0;
  double max_ms = 0;
};

struct Plots {
  std::int64_t bin_ns = 0;  ///< 0: the history has no times, so there is nothing to plot
  std::vector<PlotBin> bins;
};

/// Operations count where they completed. O(n log n).
Plots make_plots(const History& history);

/// This part's quantile of latencies in nanoseconds, in milliseconds. Reorders them. REQUIRES: not
/// empty.
double quantile_ms(std::vector<std::int64_t>& latencies, double part);

/// Appends "plots":{…} for the page.
void append_plots(std::string& out, const History& history);

}  // namespace assay
