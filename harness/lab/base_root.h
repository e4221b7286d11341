#pragma once
// The base root: a small Debian that all nodes of all labs share, read-only, as the lower layer
// of their overlays. Made once for each suite of Debian by mmdebstrap.

#include <functional>
#include <string>

#include "base/result.h"
#include "harness/lab/site.h"

namespace assay {

/// Told what is going on, a line at a time, without a newline.
using Progress = std::function<void(const std::string&)>;

bool base_is_built(const LabSite& site);

/// Makes the base root unless it is there; about 25 s and 80 MB of packages. An interrupted build
/// leaves nothing that could be taken for a base. If another process is building, waits for it.
/// Error: not_permitted, configuration (mmdebstrap is missing, or the suite's name cannot be one),
/// unavailable (no packages, no such suite).
Status ensure_base(const LabSite& site, const Progress& progress);

}  // namespace assay
