#pragma once
// Carrying out an experiment of a campaign: run after run, until what is expected is decided.

#include <string>

#include "base/result.h"
#include "cli/campaign_file.h"
#include "reports/campaign.h"

namespace assay::cli {

struct ExperimentOptions {
  int jobs = 0;         ///< simulations at a time; 0: as many as cores
  std::string store;    ///< of the lab's runs
  std::string program;  ///< this program, which carries out the lab's runs as processes of its own
};

/// In the simulated world, many seeds at a time. Errors: usage, configuration (with file and line).
Result<CampaignRow> run_in_sim(const Experiment& experiment, const ExperimentOptions& options);

/// The experiment's study: measured once, with its first seed. Error: usage.
Result<CampaignRow> run_in_study(const Experiment& experiment);

/// In the lab, one run after the other. Errors: those of a run, with file and line.
Result<CampaignRow> run_in_lab(const Experiment& experiment, const ExperimentOptions& options);

}  // namespace assay::cli
