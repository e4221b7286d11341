#pragma once
// assay shrink RUN --online: runs the plan of a run on nodes again with fewer faults.

#include <string>

#include "base/result.h"

namespace assay::cli {

struct RunShrinkFlags {
  std::string folder;  ///< of the run
  std::string out;     ///< file of the smallest schedule; empty: shrunk-faults.jsonl in the folder
  std::string budget;
  int runs = 3;
  bool json = false;
  bool allow = false;  ///< machines that are no lab may be touched again, as the run touched them
};

/// Gives the exit code: 1, as the finding still shows. Errors: no_input (no finding, or it does not
/// return), bad_data, not_permitted (machines that are no lab, and no leave), and those of a run.
Result<int> shrink_lab_run(const RunShrinkFlags& flags);

}  // namespace assay::cli
