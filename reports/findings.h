#pragma once
// Findings: the anomalies of a run by fingerprint, so that what several runs show of one bug is one
// thing; and how often a finding must stay away before it may be called gone.

#include <cstdint>
#include <string>
#include <vector>

#include "checker/verdict.h"
#include "history/history.h"
#include "history/run_record.h"
#include "reports/report.h"

namespace assay {

/// Ascending by fingerprint. `run` names target, configuration and workload. O(size of the
/// anomalies).
std::vector<Finding> findings_of(const RunSummary& run, const History& history,
                                 const CheckResult& result);

/// A share of runs that a finding may still have with 95% confidence although `clean` runs in a row
/// did not show it: 1 - 0.05^(1/clean), which is about 3/clean (the rule of three). 1 for none.
double largest_share_unseen(std::uint64_t clean);

/// The smallest share of runs that explains `seen` of `runs` with 95% confidence (one-sided
/// Clopper–Pearson bound: the share at which so many or more come about in 5% of cases). 0 if it
/// was never seen.
double smallest_share(std::uint64_t seen, std::uint64_t runs);

/// Runs in a row that must be clean before a finding seen in `seen` of `runs` may be called gone:
/// were it still there with the smallest share that explains what was seen, so many clean runs
/// would come about in at most 5% of cases. REQUIRES: seen > 0.
std::uint64_t clean_runs_needed(std::uint64_t seen, std::uint64_t runs);

/// How a finding came and went over runs of one target, configuration and workload.
struct Trend {
  std::uint64_t runs = 0;
  std::uint64_t seen = 0;    ///< runs that showed it
  std::uint64_t clean = 0;   ///< the last runs in a row that did not
  std::uint64_t needed = 0;  ///< clean runs before it may be called gone; 0 if never seen
  bool gone() const { return seen > 0 && clean >= needed; }
};
/// `shown`: for each run with a pass or a violation, the oldest first. Only the runs up to the last
/// one that showed it say how often it comes: later ones are what it is held against.
Trend trend_of(const std::vector<bool>& shown);
/// "seen in 13 of 41 runs; 15 more clean runs would show with 95% confidence that it is gone".
std::string words_of(const Trend& trend);

/// A finding over the runs of its target, configuration and workload.
struct FindingOverRuns {
  Finding finding;   ///< as the newest run showed it
  RunRecord newest;  ///< that run
  /// A run that was checked to its end.
  struct Occasion {
    std::string folder;
    std::string started;
    bool shown = false;
  };
  std::vector<Occasion> occasions;  ///< the oldest first
  Trend trend;                      ///< over them
};
/// The finding that came last first. `records`: the newest first. O(findings * records).
std::vector<FindingOverRuns> findings_over(const std::vector<RunRecord>& records);

}  // namespace assay
