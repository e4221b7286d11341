#pragma once
// Carrying out an experiment of a campaign: its runs, in the simulated world or in the lab.

#include <cstdint>
#include <string>

#include "base/result.h"
#include "cli/campaign_file.h"
#include "harness/run_record.h"
#include "reports/campaign.h"

namespace assay::cli {

struct ExperimentOptions {
  int jobs = 0;         ///< simulations at a time; 0: as many as cores
  std::string store;    ///< where runs are kept
  std::string program;  ///< this program, which carries out the lab's runs as processes of its own
  /// Its id; empty: simulations are not kept. What is kept of a run, its experiment says.
  std::string campaign;
};

/// One run in the simulated world. Thread-safe. Errors: usage, configuration, cannot_write.
Result<RunRecord> run_once_in_sim(const Experiment& experiment, std::uint64_t seed,
                                  const ExperimentOptions& options);

/// One run in the lab, tried again as often as the experiment says if it ends without a verdict;
/// then the record is `unfinished` and says why. Errors: of reading what it left.
Result<RunRecord> run_once_in_lab(const Experiment& experiment, std::uint64_t seed,
                                  const ExperimentOptions& options);

/// All runs of an experiment in the simulated world, many at a time, none of them kept.
Result<CampaignRow> run_in_sim(const Experiment& experiment, const ExperimentOptions& options);

}  // namespace assay::cli
