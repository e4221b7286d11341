#pragma once
// Experiments carried out several times: each time with seeds of its own, under a name of its own.

#include <string>
#include <vector>

#include "cli/campaign_file.h"
#include "reports/campaign.h"

namespace assay::cli {

/// Puts every experiment there `times` times: "name (1 of 3)". REQUIRES: times > 0.
void repeat(std::vector<Campaign>& campaigns, int times);

/// A line for each repeated experiment: in how many of its rows it came out as expected, the
/// longest time, the anomalies and the largest of their witnesses.
std::string repeats_text(const CampaignSummary& summary);

}  // namespace assay::cli
