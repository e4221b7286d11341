#pragma once
// The page of many runs, of a campaign or of a whole store: which findings they show, in how many
// of them, and how that went over time.

#include <string>
#include <vector>

#include "history/run_record.h"

namespace assay {

struct Overview {
  std::string title;
  std::vector<RunRecord> runs;  ///< the newest first; all text is untrusted
};

/// One self-contained page, without any script.
std::string render_overview_html(const Overview& overview);
/// The same for an issue or a step summary.
std::string render_overview_markdown(const Overview& overview);

}  // namespace assay
