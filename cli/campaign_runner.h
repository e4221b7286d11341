#pragma once
// Carrying out a campaign: its runs one after the other or several at a time, each written down
// when it ends, until all were made or the budget is used up.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/campaign_file.h"
#include "cli/experiment.h"
#include "reports/campaign.h"

namespace assay::cli {

/// "2/8": the second of eight parts.
struct Shard {
  std::uint64_t index = 1;  ///< from 1
  std::uint64_t count = 1;
};
/// Error (usage).
Result<Shard> parse_shard(const std::string& text);

struct CampaignOptions {
  std::string name;
  bool lab = false;
  bool record = false;  ///< in the store, with a ledger
  bool resume = false;
  bool quiet = false;  ///< no progress
  std::string select;
  Shard shard;
  Budget budget;
  ExperimentOptions execution;
};

/// One run of the plan.
struct PlannedRun {
  const Experiment* experiment = nullptr;
  std::uint64_t seed = 0;
};
/// The runs of this shard, in the order in which they are begun: experiment after experiment, or
/// with a budget the first seed of each before the second of any.
std::vector<PlannedRun> planned_runs(const std::vector<Campaign>& campaigns,
                                     const CampaignOptions& options);

/// How long the runs would take by their time limits: of the lab's clock, or virtual.
Nanos time_of(const std::vector<PlannedRun>& runs, bool lab);

struct CampaignOutcome {
  CampaignSummary summary;
  int exit_code = 0;
  std::string folder;  ///< of the ledger; empty: none was kept
};

/// `done` is told of each experiment, in their order, as soon as its last run ended. Errors: usage
/// (nothing is selected), configuration, cannot_write, those of a run that could not begin.
Result<CampaignOutcome> carry_out(const std::vector<Campaign>& campaigns,
                                  const CampaignOptions& options,
                                  const std::function<void(const CampaignRow&)>& done);

/// What is run, in a line.
std::string words_of(const Experiment& experiment);

}  // namespace assay::cli
