#include "cli/streamed.h"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "cli/interruption.h"
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

Result<FollowedCheck> check_streamed(const std::string& path, const HistoryInput& input,
                                     const CheckOptions& options, bool verbose) {
  const ReadOptions reading = input.effective();
  const std::string file = history_path(path);
  StreamedOptions streamed{options, path == "-", {}};
  if (path != "-") {
    streamed.reread = [&](EventSink& sink) { return read_events(file, reading, sink); };
  }
  StreamedCheck sink(streamed);
  int interrupted = 0;
  {
    const Interruption interruption;
    ReadOptions watched = reading;
    watched.watch = {[&] { return sink.pause(); }, interruption.wake_fd()};
    const Status read = read_events(file, watched, sink);
    interrupted = interruption.exit_code();
    if (interrupted != 0) sink.end("it was interrupted");
    if (!read && !sink.stopped()) {
      return Error{read.error().kind, read.error().message + sink.established()};
    }
  }
  for (const std::string& note : sink.info().notes) fmt::print(stderr, "assay: note: {}\n", note);
  if (verbose && !sink.not_followed_because().empty()) {
    fmt::print(stderr, "assay: not followed event by event: {}\n", sink.not_followed_because());
  }
  auto found = sink.finish();
  if (!found) return found.error();
  if (found->result.verdict == Verdict::pass && !found->whole) {
    fmt::print(stderr,
               "assay: note: there is no certificate of a pass for a history that is not held in "
               "memory\n");
  }
  return FollowedCheck{*std::move(found), interrupted};
}

RunSummary::Totals totals_of(const StreamedResult& streamed) {
  return {streamed.operations, streamed.keys, streamed.processes};
}

}  // namespace assay::cli
