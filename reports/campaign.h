#pragma once
// The page and the lines that say what became of a campaign: claim, experiment, verdict, and
// whether that is what was expected.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace assay {

/// All text is untrusted.
struct CampaignRow {
  std::string name;
  std::string claim;
  std::string source;      ///< where the claim is made
  std::string experiment;  ///< what was run, in a line
  std::string expected;
  std::string verdict;        ///< what came out, of the run that decided
  std::string anomaly;        ///< of a violation that was expected: the type that was looked for
  std::uint64_t witness = 0;  ///< operations of its smallest witness; 0: not known
  bool as_expected = false;
  std::uint64_t runs = 0;
  double seconds = 0;
  std::string because;  ///< in words; may be empty
  std::string command;  ///< repeats the run that decided; may be empty
  std::vector<std::pair<std::string, double>> measures;
};

struct CampaignSection {
  std::string title;
  std::string about;
  std::vector<CampaignRow> rows;
};

struct CampaignSummary {
  std::string title;
  std::string executor;  ///< sim or lab
  double seconds = 0;
  std::vector<CampaignSection> sections;
};

/// One self-contained page, without any script.
std::string render_campaign_html(const CampaignSummary& campaign);

}  // namespace assay
