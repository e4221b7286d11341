#pragma once
// What makes a run's folder evidence: a list of the hashes of all that is in it.

#include <string>

#include "base/result.h"

namespace assay::cli {

inline constexpr const char* hashes_file = "SHA256SUMS";

/// Lower-case hexadecimal digits of the SHA-256 of a file's bytes. Errors: no_input.
Result<std::string> sha256_of(const std::string& path);

/// Writes the hashes of all files below the folder into `hashes_file` there, as `sha256sum` does
/// and `sha256sum --check` reads. Errors: no_input, cannot_write.
Status write_hashes(const std::string& folder);

}  // namespace assay::cli
