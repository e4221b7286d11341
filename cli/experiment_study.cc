// Experiments that are studies: quantities that no history shows.

#include <fmt/format.h>

#include "base/assert.h"
#include "cli/experiment.h"
#include "cli/output.h"
#include "targets/reference/sim/study.h"

namespace assay::cli {

Result<RunRecord> measure_study(const Experiment& experiment, std::uint64_t seed) {
  const reference::StudyEntry* study = reference::find_study(experiment.study);
  ASSAY_ASSERT(study != nullptr);
  auto measured = reference::run_study(*study, experiment.options, seed);
  if (!measured.ok()) return measured.error();
  RunRecord record;
  record.target = "sim";
  record.experiment = experiment.name;
  record.seed = seed;
  record.started = utc_now();
  record.verdict = name_of(Expected::measured);
  record.measures = *std::move(measured);
  record.command = fmt::format("assay campaign {} --select {}", shell_word(experiment.file),
                               shell_word(experiment.name));
  return record;
}

}  // namespace assay::cli
