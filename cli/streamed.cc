#include "cli/streamed.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "history/journal_codec.h"

namespace assay::cli {
namespace {

/// How many bytes of memory a byte of the file becomes, at most as a rule.
std::uint64_t growth_of(const std::string& path) {
  std::array<char, 8> beginning{};
  std::ifstream file(path, std::ios::binary);
  file.read(beginning.data(), beginning.size());
  const std::string_view start(beginning.data(), static_cast<std::size_t>(file.gcount()));
  if (start.starts_with("\x1F\x8B") || start.starts_with("\x28\xB5\x2F\xFD")) return 16;
  return start == journal_magic ? 8 : 2;
}

}  // namespace

bool exceeds_memory(const std::string& path, std::uint64_t memory_bytes) {
  std::error_code error;
  const std::string file = history_path(path);
  if (memory_bytes == 0 || !std::filesystem::is_regular_file(file, error)) return false;
  const auto size = std::filesystem::file_size(file, error);
  return !error && size > memory_bytes / growth_of(file);
}

Result<StreamedResult> check_streamed(const std::string& path, const HistoryInput& input,
                                      const CheckOptions& options, bool stop_at_violation) {
  ReadOptions reading = input.options;
  if (!input.initial.empty()) reading.initial = parse_scalar(input.initial);
  auto checker = StreamedCheck::create({options, stop_at_violation});
  if (!checker) return checker.error();
  StreamedCheck& sink = **checker;
  const Status read = read_events(history_path(path), reading, sink);
  if (!read && !sink.stopped()) return read.error();
  for (const std::string& note : sink.info().notes) fmt::print(stderr, "assay: note: {}\n", note);
  if (!sink.not_followed_because().empty()) {
    fmt::print(stderr, "assay: note: not followed but checked at its end: {}\n",
               sink.not_followed_because());
  }
  return sink.finish();
}

RunSummary::Totals totals_of(const StreamedResult& streamed) {
  return {streamed.operations, streamed.keys, streamed.processes};
}

}  // namespace assay::cli
