// Experiments that are studies: quantities that no history shows.

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "cli/experiment.h"
#include "cli/outcome.h"
#include "cli/output.h"
#include "targets/reference/sim/study.h"

namespace assay::cli {

Result<CampaignRow> run_in_study(const Experiment& experiment) {
  const reference::StudyEntry* study = reference::find_study(experiment.study);
  ASSAY_ASSERT(study != nullptr);
  const auto measured = reference::run_study(*study, experiment.options, experiment.seed);
  if (!measured.ok()) return measured.error();
  CampaignRow row;
  row.runs = 1;
  row.verdict = "measured";
  row.expected = words_of(experiment.measures);
  row.as_expected = !experiment.measures.empty() &&
                    std::all_of(experiment.measures.begin(), experiment.measures.end(),
                                [&](const MeasureBound& bound) {
                                  return is_within(bound, measured->at(bound.name));
                                });
  row.measures.assign(measured->begin(), measured->end());
  row.command = fmt::format("assay campaign {} --select {}", shell_word(experiment.file),
                            shell_word(experiment.name));
  return row;
}

}  // namespace assay::cli
