#pragma once
// Findings: the anomalies of a run by fingerprint, so that what several runs show of one bug is one
// thing; and how often a finding must stay away before it may be called gone.

#include <cstdint>
#include <string>
#include <vector>

#include "checker/verdict.h"
#include "history/history.h"
#include "reports/report.h"

namespace assay {

/// An anomaly as it is recognised in another run. All text is untrusted.
struct Finding {
  /// 12 hexadecimal digits over target, configuration, workload, datatype, type, model and `shape`.
  /// Keys, values, times, processes and nodes are left out, and so is the seed.
  std::string fingerprint;
  /// The same without the shape: all anomalies of this type here.
  std::string family;
  std::string type;
  std::string model;
  /// "missed real-time": the cycle of the steps as what was missed and the kinds of paths between,
  /// from its smallest place; without steps, the functions of the witness.
  std::string shape;
  std::string claim;        ///< of the first of them, in a sentence
  std::uint64_t count = 0;  ///< anomalies of this run
  /// Why the first of them contradicts itself: "write 1 comes before read → 1, because …".
  std::vector<std::string> steps;
  /// The faults in force while the first of them began, comma separated; empty: none was.
  std::string faults;
};

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
/// "seen in 13 of 41 runs; gone after 15 more clean runs (95%)".
std::string words_of(const Trend& trend);

}  // namespace assay
