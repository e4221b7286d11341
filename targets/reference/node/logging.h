#pragma once
// One line a message on standard error: UTC wall time, level, text. The wall clock is for people
// only; nothing is decided by it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace assay::reference {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
std::optional<LogLevel> log_level_named(std::string_view name);

/// Set once, before the first message.
void set_log_level(LogLevel level);
/// Thread-safe.
void log_message(LogLevel level, const std::string& text);

}  // namespace assay::reference
