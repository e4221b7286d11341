#include "reports/plots.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "reports/words.h"

namespace assay {
namespace {

constexpr std::int64_t bins_min = 30;
constexpr std::int64_t bins_max = 400;

/// Few operations get few bins: a plot of single operations would be a comb.
std::int64_t bin_length(std::int64_t duration, std::size_t operations) {
  const auto most = std::clamp(static_cast<std::int64_t>(operations / 5), bins_min, bins_max);
  std::int64_t length = 1;
  while (true) {
    for (const std::int64_t factor : {1, 2, 5}) {
      if (duration / (length * factor) < most) return length * factor;
    }
    length *= 10;
  }
}

template <class Number>
void append_list(std::string& out, const char* name, const std::vector<PlotBin>& bins,
                 Number number) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":[", name);
  for (std::size_t i = 0; i < bins.size(); ++i) {
    fmt::format_to(std::back_inserter(out), "{}{:.6g}", i > 0 ? "," : "", number(bins[i]));
  }
  out += ']';
}

}  // namespace

double quantile_ms(std::vector<std::int64_t>& latencies, double part) {
  const auto rank = static_cast<std::size_t>(part * static_cast<double>(latencies.size() - 1));
  const auto at = latencies.begin() + static_cast<std::ptrdiff_t>(rank);
  std::nth_element(latencies.begin(), at, latencies.end());
  return static_cast<double>(*at) / 1e6;
}

std::size_t Bins::at(std::int64_t moment_ns) const {
  const auto last = static_cast<std::int64_t>(count) - 1;
  return static_cast<std::size_t>(std::clamp<std::int64_t>(moment_ns / length_ns, 0, last));
}

Bins bins_of(const History& history) {
  if (!has_times(history)) return {};
  const std::int64_t duration = std::max<std::int64_t>(1, history.duration().count());
  const std::int64_t length = bin_length(duration, history.size());
  return {length, static_cast<std::size_t>(duration / length + 1)};
}

Plots make_plots(const History& history) {
  Plots plots;
  const Bins bins = bins_of(history);
  if (bins.count == 0) return plots;
  plots.bin_ns = bins.length_ns;
  plots.bins.resize(bins.count);
  std::vector<std::vector<std::int64_t>> latencies(plots.bins.size());
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Operation operation = history[static_cast<OpIndex>(i)];
    if (operation.completed == unknown_time) continue;
    const std::size_t bin = bins.at(operation.completed.count());
    ++plots.bins[bin].completed[static_cast<std::size_t>(operation.outcome)];
    if (operation.outcome != Outcome::ok) continue;
    latencies[bin].push_back((operation.completed - operation.invoked).count());
  }
  for (std::size_t bin = 0; bin < plots.bins.size(); ++bin) {
    if (latencies[bin].empty()) continue;
    plots.bins[bin].p50_ms = quantile_ms(latencies[bin], 0.5);
    plots.bins[bin].p95_ms = quantile_ms(latencies[bin], 0.95);
    plots.bins[bin].p99_ms = quantile_ms(latencies[bin], 0.99);
    plots.bins[bin].max_ms = quantile_ms(latencies[bin], 1);
  }
  return plots;
}

void append_plots(std::string& out, const History& history) {
  const Plots plots = make_plots(history);
  fmt::format_to(std::back_inserter(out), "\"plots\":{{\"bin\":{}", plots.bin_ns);
  const auto completed = [](Outcome outcome) {
    return [outcome](const PlotBin& bin) {
      return static_cast<double>(bin.completed[static_cast<std::size_t>(outcome)]);
    };
  };
  append_list(out, "ok", plots.bins, completed(Outcome::ok));
  append_list(out, "fail", plots.bins, completed(Outcome::fail));
  append_list(out, "info", plots.bins, completed(Outcome::info));
  append_list(out, "p50", plots.bins, [](const PlotBin& bin) { return bin.p50_ms; });
  append_list(out, "p95", plots.bins, [](const PlotBin& bin) { return bin.p95_ms; });
  append_list(out, "p99", plots.bins, [](const PlotBin& bin) { return bin.p99_ms; });
  append_list(out, "max", plots.bins, [](const PlotBin& bin) { return bin.max_ms; });
  out += '}';
}

}  // namespace assay
