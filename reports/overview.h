#pragma once
// The page of many runs, of a campaign or of a whole store: which findings they show, in how many
// of them, and how that went over time.

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

/// All text is untrusted.
struct OverviewRun {
  std::string folder;  ///< may be empty: nothing of it was kept
  std::string started;
  std::string system;  ///< target and configuration
  std::string workload;
  std::string experiment;
  std::string model;
  std::string verdict;
  std::string because;  ///< of an unknown one
  std::uint64_t seed = 0;
  std::uint64_t operations = 0;
  std::vector<std::string> findings;  ///< types
};

struct OverviewFinding {
  std::string fingerprint;
  std::string type;
  std::string model;
  std::string claim;
  std::string system;
  std::string workload;
  std::string trend;        ///< "seen in 3 of 12 runs; …"
  bool gone = false;        ///< may be believed to be
  std::vector<bool> shown;  ///< by decided runs of its system and workload, the oldest first
  std::string command;      ///< repeats the newest run that showed it
};

struct Overview {
  std::string title;
  std::vector<OverviewRun> runs;          ///< the newest first
  std::vector<OverviewFinding> findings;  ///< the one that came last first
};

/// One self-contained page, without any script.
std::string render_overview_html(const Overview& overview);
/// The same for an issue or a step summary.
std::string render_overview_markdown(const Overview& overview);

}  // namespace assay
