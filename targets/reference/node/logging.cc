#include "targets/reference/node/logging.h"

#include <unistd.h>

#include <array>
#include <ctime>

namespace assay::reference {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};
LogLevel lowest = LogLevel::info;

std::string wall_time() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::array<char, 40> text{};
  const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  constexpr long microseconds = 1'000'000;
  const std::string fraction = std::to_string(microseconds + now.tv_nsec / 1000).substr(1);
  return std::string(text.data(), length) + "." + fraction + "Z";
}

}  // namespace

std::optional<LogLevel> log_level_named(std::string_view name) {
  for (std::size_t i = 0; i < level_names.size(); ++i) {
    if (level_names[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

void set_log_level(LogLevel level) { lowest = level; }

void log_message(LogLevel level, const std::string& text) {
  if (level < lowest) return;
  const std::string line = wall_time() + " " +
                           std::string(level_names[static_cast<std::size_t>(level)]) + " " + text +
                           "\n";
  // One write, so that lines of two threads do not mix. A full disk must not stop the server.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace assay::reference
