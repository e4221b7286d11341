#pragma once

#include <string>

namespace assay {

/// Folder of the running program, without a trailing slash: assay-node and assay-agent lie beside
/// assay. Environment variable ASSAY_PROGRAMS overrides it.
std::string program_folder();

}  // namespace assay
