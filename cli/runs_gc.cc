// assay runs gc: which runs of the store may go.

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>

#include "base/clock.h"
#include "cli/history_input.h"
#include "cli/runs.h"
#include "harness/run_index.h"
#include "reports/escape.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

/// Long enough that a run which still goes on has written something.
constexpr auto forgotten = std::chrono::hours(1);

std::uint64_t size_of(const fs::path& folder) {
  std::uint64_t bytes = 0;
  std::error_code failure;
  for (auto at = fs::recursive_directory_iterator(folder, failure);
       !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
    if (at->is_regular_file(failure)) bytes += at->file_size(failure);
  }
  return bytes;
}

/// How long ago anything in the folder was written.
fs::file_time_type::duration age_of(const fs::path& folder) {
  std::error_code failure;
  auto last = fs::last_write_time(folder, failure);
  for (auto at = fs::recursive_directory_iterator(folder, failure);
       !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
    last = std::max(last, at->last_write_time(failure));
  }
  return fs::file_time_type::clock::now() - last;
}

/// Folders that were staged by a run which was killed: nothing else knows them.
std::vector<fs::path> staged_leftovers(const fs::path& root) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (auto at = fs::recursive_directory_iterator(root, failure);
       !failure && at != fs::recursive_directory_iterator(); at.increment(failure)) {
    if (at.depth() == 2) at.disable_recursion_pending();
    if (at.depth() != 2 || !at->path().filename().string().starts_with('.')) continue;
    if (at->is_directory(failure) && age_of(at->path()) > forgotten) found.push_back(at->path());
  }
  return found;
}

/// "2026-11-28T12:00:00Z" of so long ago: ISO 8601 sorts by time.
std::string moment_before_now(Nanos ago) {
  const auto moment = std::chrono::system_clock::now() - ago;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(moment);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc));
  return text;
}

struct Limits {
  std::optional<std::string> before;
  std::optional<std::uint64_t> bytes;
};

Result<Limits> limits_of(const Collection& collection) {
  Limits limits;
  if (!collection.older_than.empty()) {
    const auto age = parse_duration(collection.older_than);
    if (!age.ok()) return age.error().in("--older-than");
    limits.before = moment_before_now(*age);
  }
  if (!collection.max_size.empty()) {
    const auto bytes = parse_bytes(collection.max_size);
    if (!bytes.ok()) return bytes.error().in("--max-size");
    limits.bytes = *bytes;
  }
  return limits;
}

/// The folders that may go, by the order of the records: the newest first.
std::vector<std::string> outdated(const std::vector<RunRecord>& records,
                                  const Collection& collection, const Limits& limits) {
  std::set<std::string> gone;
  std::map<std::string, std::uint64_t> met;
  std::uint64_t bytes = 0;
  for (const RunRecord& record : records) {
    const fs::path path = fs::path(collection.store) / record.folder;
    if (record.verdict == unfinished) {
      if (age_of(path) > forgotten) gone.insert(record.folder);
      continue;
    }
    const std::uint64_t size = limits.bytes ? size_of(path) : 0;
    bytes += size;
    if (record.verdict == "violation" && !collection.violations) continue;
    const std::string kind = record.target + "\n" + record.configuration + "\n" + record.workload;
    const bool too_many = collection.keep > 0 && ++met[kind] > collection.keep;
    const bool too_old = limits.before && record.started < *limits.before;
    const bool too_large = limits.bytes && bytes > *limits.bytes;
    if (!too_many && !too_old && !too_large) continue;
    gone.insert(record.folder);
    bytes -= size;
  }
  return {gone.begin(), gone.end()};
}

}  // namespace

Result<int> collect_runs(const Collection& collection) {
  const auto limits = limits_of(collection);
  if (!limits.ok()) return limits.error();
  auto index = open_store(collection.store);
  if (!index.ok()) return index.error();
  const auto records = index->runs();
  if (!records.ok()) return records.error();
  const auto folders = outdated(*records, collection, *limits);
  const auto leftovers = staged_leftovers(collection.store);
  if (!collection.dry) {
    for (const std::string& folder : folders) {
      if (auto status = remove_run(collection.store, folder); !status.ok()) return status.error();
    }
    for (const fs::path& leftover : leftovers) {
      std::error_code failure;
      fs::remove_all(leftover, failure);
      if (failure) {
        return Error{ErrorKind::cannot_write,
                     "cannot remove '" + leftover.string() + "': " + failure.message()};
      }
    }
  }
  if (collection.json) {
    const nlohmann::ordered_json document{{"schema", "assay.removed/1"},
                                          {"dry_run", collection.dry},
                                          {"removed", folders},
                                          {"kept", records->size() - folders.size()}};
    fmt::print("{}\n", document.dump());
    return 0;
  }
  for (const std::string& folder : folders) {
    fmt::print("{} {}\n", collection.dry ? "would remove" : "removed", visible(folder));
  }
  fmt::print("{} of {} runs {}\n", folders.size(), records->size(),
             collection.dry ? "would go" : "removed");
  return 0;
}

}  // namespace assay::cli
