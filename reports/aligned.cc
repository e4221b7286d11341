#include "reports/aligned.h"

#include <algorithm>
#include <map>

#include "reports/faults.h"
#include "reports/plots.h"
#include "reports/words.h"

namespace assay {
namespace {

constexpr double before_s = 3;
constexpr double after_s = 12;
constexpr std::size_t bins = 30;
constexpr double nanoseconds = 1e9;

/// Collects the latencies of operations invoked near any of these moments.
AlignedLatency align(const History& history, const std::string& kind,
                     const std::vector<std::int64_t>& starts, double from_s, double length_s) {
  AlignedLatency out;
  out.kind = kind;
  out.starts = starts.size();
  out.bin_s = length_s / static_cast<double>(bins);
  std::vector<std::vector<std::int64_t>> latencies(bins);
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto index = static_cast<OpIndex>(i);
    if (history.outcome(index) != Outcome::ok) continue;
    const Operation operation = history[index];
    if (operation.completed == unknown_time) continue;
    for (const std::int64_t start : starts) {
      const double offset =
          static_cast<double>(operation.invoked.count() - start) / nanoseconds - from_s;
      if (offset < 0 || offset >= length_s) continue;
      const auto bin = std::min(bins - 1, static_cast<std::size_t>(offset / out.bin_s));
      latencies[bin].push_back((operation.completed - operation.invoked).count());
    }
  }
  for (std::size_t bin = 0; bin < bins; ++bin) {
    AlignedBin each;
    each.from_s = from_s + static_cast<double>(bin) * out.bin_s;
    each.acknowledged = latencies[bin].size();
    if (!latencies[bin].empty()) {
      each.p50_ms = quantile_ms(latencies[bin], 0.5);
      each.p99_ms = quantile_ms(latencies[bin], 0.99);
    }
    out.bins.push_back(each);
  }
  return out;
}

}  // namespace

std::vector<AlignedLatency> aligned_latencies(const History& history) {
  std::vector<AlignedLatency> out;
  if (!has_times(history)) return out;
  std::map<std::string, std::vector<std::int64_t>> starts;
  for (const FaultBand& band : fault_bands(history)) {
    // The end of all faults is none itself.
    if (band.kind != "heal") starts[band.kind].push_back(band.from);
  }
  for (const auto& [kind, moments] : starts) {
    out.push_back(align(history, kind, moments, -before_s, before_s + after_s));
  }
  if (starts.empty()) {
    const double length_s = static_cast<double>(history.duration().count()) / nanoseconds;
    out.push_back(align(history, "", {0}, 0, std::max(length_s, 1e-9)));
  }
  return out;
}

}  // namespace assay
