#include "cli/campaign_repeats.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "reports/escape.h"

namespace assay::cli {
namespace {

struct Repeats {
  std::string name;
  std::size_t rows = 0;
  std::size_t expected = 0;
  double slowest_s = 0;
  std::uint64_t witness = 0;
  std::set<std::string> anomalies;
};

/// The name without its suffix.
std::string base_of(const std::string& name) { return name.substr(0, name.rfind(" (")); }

std::vector<Repeats> gathered(const CampaignSummary& summary) {
  std::vector<Repeats> all;
  for (const CampaignSection& section : summary.sections) {
    for (const CampaignRow& row : section.rows) {
      const std::string name = base_of(row.name);
      if (all.empty() || all.back().name != name) all.push_back({name, 0, 0, 0, 0, {}});
      Repeats& repeats = all.back();
      ++repeats.rows;
      repeats.expected += row.as_expected ? 1 : 0;
      repeats.slowest_s = std::max(repeats.slowest_s, row.seconds);
      repeats.witness = std::max(repeats.witness, row.witness);
      if (!row.anomaly.empty()) repeats.anomalies.insert(row.anomaly);
    }
  }
  return all;
}

}  // namespace

void repeat(std::vector<Campaign>& campaigns, int times) {
  constexpr std::uint64_t seeds_apart = 1000;
  if (times == 1) return;
  for (Campaign& campaign : campaigns) {
    std::vector<Experiment> all;
    for (const Experiment& once : campaign.experiments) {
      for (int time = 0; time < times; ++time) {
        all.push_back(once);
        all.back().name += fmt::format(" ({} of {})", time + 1, times);
        all.back().seed += seeds_apart * static_cast<std::uint64_t>(time);
      }
    }
    campaign.experiments = std::move(all);
    campaign.text += fmt::format("\nrepeated {} times", times);
  }
}

std::string repeats_text(const CampaignSummary& summary) {
  std::string out = fmt::format("{:38} {:>12} {:>9} {:>8}  {}\n", "", "as expected", "slowest",
                                "witness", "anomaly");
  for (const Repeats& each : gathered(summary)) {
    fmt::format_to(std::back_inserter(out), "{:38} {:>12} {:>7.1f} s {:>8}  {}\n",
                   visible(each.name), fmt::format("{} of {}", each.expected, each.rows),
                   each.slowest_s, each.witness == 0 ? "-" : std::to_string(each.witness),
                   visible(fmt::format("{}", fmt::join(each.anomalies, ", "))));
  }
  return out;
}

}  // namespace assay::cli
