#pragma once
// Layers: the base root with more Debian packages, e.g. a database. A layer is what installing them
// changed, kept as one more read-only folder below the nodes' overlays; made once, shared by all
// labs.

#include "base/result.h"
#include "harness/lab/base_root.h"
#include "harness/lab/site.h"

namespace assay {

/// Makes the layer of site.packages unless it is there or there are none; 10 s to 3 min, most of it
/// downloads. An interrupted build leaves nothing that could be taken for a layer. REQUIRES the
/// base root. Error: not_permitted, configuration (no such package, or a name that cannot be one),
/// unavailable (no package servers).
Status ensure_layer(const LabSite& site, const Progress& progress);

}  // namespace assay
