#pragma once
// The decoded operations of a history of commits and watches; see watch.h for their form.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/history.h"

namespace assay {

/// One key changed by a commit.
struct WatchedChange {
  std::string key;
  std::optional<std::string> value;  ///< nothing: deleted

  bool operator==(const WatchedChange&) const = default;
};

struct Commit {
  std::uint64_t event;
  std::optional<std::int64_t> revision;  ///< nothing: indeterminate, or it changed nothing
  std::vector<WatchedChange> changes;
  bool in_doubt = false;  ///< it never returned
};

struct WatchEvent {
  std::int64_t revision;
  WatchedChange change;
  bool created = false;
  bool has_previous = false;
  std::string previous_value{};
  std::int64_t previous_revision = 0;
};

struct WatchResponse {
  std::vector<WatchEvent> events;
  bool progress = false;      ///< a bookmark: nothing up to `revision` is missing
  std::int64_t revision = 0;  ///< of a bookmark
};

struct Watch {
  std::uint64_t event;
  std::string key;
  bool prefix = false;
  std::int64_t revision = 0;  ///< asked to start at; 0: from now on
  std::vector<WatchResponse> responses;

  bool matches(const std::string& name) const {
    return prefix ? name.starts_with(key) : name == key;
  }
};

struct WatchOperations {
  std::vector<Commit> commits;
  std::vector<Watch> watches;
};

/// Errors: bad_data (names the event).
Result<WatchOperations> read_watch_operations(const History& history);

}  // namespace assay
