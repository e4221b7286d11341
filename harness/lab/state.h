#pragma once
// The state file of a lab that is up: what `up` made. It is written last, in one step, so a lab
// without one is a lab whose controller died half-way.

#include <string>
#include <vector>

#include "base/result.h"
#include "harness/lab/node_process.h"
#include "harness/lab/site.h"

namespace assay {

struct LabState {
  std::string since;                   ///< UTC, as utc_stamp
  std::vector<ProcessIdentity> nodes;  ///< first process of n1, n2, …
  std::string suite;                   ///< as in LabSite
  std::vector<std::string> packages;   ///< as in LabSite
};

Status write_lab_state(const LabSite& site, const LabState& state);
/// Error: no_input (there is none), bad_data.
Result<LabState> read_lab_state(const LabSite& site);

/// Writes a whole file in one step: a reader sees the old one or the new one. Error: cannot_write.
Status write_file(const std::filesystem::path& file, const std::string& text, unsigned mode);

}  // namespace assay
