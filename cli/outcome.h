#pragma once
// What the runs of an experiment came to, held against what is expected of them.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/campaign_file.h"
#include "harness/run_record.h"
#include "reports/campaign.h"

namespace assay::cli {

/// A type of anomaly that a run shows.
struct ShownAnomaly {
  std::string type;
  std::uint64_t witness = 0;  ///< operations of its smallest witness; 0: not known
};

/// One run as the executors know it.
struct RunOutcome {
  std::uint64_t seed = 0;
  std::string verdict;  ///< pass, violation, unknown, no-progress or unfinished
  std::vector<ShownAnomaly> anomalies;
  std::map<std::string, std::string> models;  ///< the verdict about each that was checked
  std::string because;
  std::string command;
  std::map<std::string, double> measures;  ///< those that the experiment asks for

  /// Each type once, with its smallest witness.
  void add_anomaly(const ShownAnomaly& anomaly);
};

/// What the experiment asks of the run. An anomaly that only the simulator saw counts as no
/// violation of what was tested.
RunOutcome outcome_of(const Experiment& experiment, const RunRecord& record);

bool is_within(const MeasureBound& bound, double value);
/// "outage-s above 2, median-s below 0.1".
std::string words_of(const std::vector<MeasureBound>& bounds);

/// Not thread-safe. Runs may come in any order; what they came to depends on the order of their
/// seeds alone.
class Outcomes {
 public:
  explicit Outcomes(const Experiment& experiment) : experiment_(experiment) {}
  void add(RunOutcome outcome);
  /// Another run can change nothing any more.
  bool decided() const;
  std::uint64_t runs() const { return runs_; }
  /// All but the claim's own texts, the command line and the time.
  void fill(CampaignRow& row) const;

 private:
  bool is_wanted(const RunOutcome& outcome) const;
  bool is_wanted(const ShownAnomaly& anomaly) const;
  bool measures_hold() const;

  const Experiment& experiment_;
  std::uint64_t runs_ = 0;
  std::optional<RunOutcome> wanted_;    // the first that shows what is looked for
  std::optional<RunOutcome> unwanted_;  // the first that must not be
  std::map<std::string, double> measures_;
};

}  // namespace assay::cli
