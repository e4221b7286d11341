#pragma once
// Small things that several subcommands print.

#include <string>

#include "base/result.h"

namespace assay::cli {

/// Standard output is a terminal and NO_COLOR is not set.
bool color_wanted();
/// Standard error is a terminal that understands \r.
bool progress_line_wanted();

/// "2026-11-23T07:15:00Z": UTC, ISO 8601.
std::string utc_now();

/// As one word of a POSIX shell, left bare if it needs no quotes.
std::string shell_word(const std::string& text);

/// What a program said, without the end of its last line.
std::string last_words(std::string output);

/// {"schema":"assay.error/1","file":…,"error":…,"exit_code":…}
std::string error_json(const std::string& file, const Error& error);

}  // namespace assay::cli
