#include "checker/logs/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/logs/watch_operations.h"

namespace assay {
namespace {

/// What happened to one key at one revision, and what it was before.
struct Fact {
  std::uint64_t commit;  ///< event index
  WatchedChange change;
  bool created = false;
  std::optional<std::string> previous_value{};
  std::int64_t previous_revision = 0;
};

using Facts = std::multimap<std::int64_t, Fact>;  ///< by revision

std::string describe(const WatchedChange& change) {
  return change.value.has_value() ? fmt::format("put of {} = {}", change.key, *change.value)
                                  : fmt::format("delete of {}", change.key);
}

/// The commits by revision. One whose revision nobody learned has the one at which a watch saw it.
/// `unclear` gets the keys that another one, which nobody saw, may have changed at any time.
Facts facts_of(const WatchOperations& operations, std::set<std::string>& unclear) {
  Facts facts;
  std::vector<const Commit*> unplaced;
  for (const Commit& commit : operations.commits) {
    if (!commit.revision.has_value()) {
      unplaced.push_back(&commit);
      continue;
    }
    for (const WatchedChange& change : commit.changes) {
      facts.emplace(*commit.revision, Fact{commit.event, change});
    }
  }
  for (const Watch& watch : operations.watches) {
    for (const WatchResponse& response : watch.responses) {
      for (const WatchEvent& event : response.events) {
        if (facts.contains(event.revision)) continue;
        const auto seen = std::find_if(unplaced.begin(), unplaced.end(), [&](const Commit* commit) {
          return std::find(commit->changes.begin(), commit->changes.end(), event.change) !=
                 commit->changes.end();
        });
        if (seen == unplaced.end()) continue;
        for (const WatchedChange& change : (*seen)->changes) {
          facts.emplace(event.revision, Fact{(*seen)->event, change});
        }
        unplaced.erase(seen);
      }
    }
  }
  for (const Commit* commit : unplaced) {
    if (!commit->in_doubt) continue;
    for (const WatchedChange& change : commit->changes) unclear.insert(change.key);
  }
  struct Current {
    std::string value;
    std::int64_t revision;
  };
  std::map<std::string, Current> state;
  for (auto& [revision, fact] : facts) {
    const auto before = state.find(fact.change.key);
    fact.created = before == state.end() && fact.change.value.has_value();
    if (before != state.end()) {
      fact.previous_value = before->second.value;
      fact.previous_revision = before->second.revision;
    }
    if (fact.change.value.has_value()) {
      state[fact.change.key] = {*fact.change.value, revision};
    } else if (before != state.end()) {
      state.erase(before);
    }
  }
  return facts;
}

class WatchCheck {
 public:
  WatchCheck(const WatchOperations& operations, const CheckOptions& options)
      : operations_(operations), options_(options), facts_(facts_of(operations, unclear_)) {}

  std::vector<Anomaly> run() {
    for (const Watch& watch : operations_.watches) {
      delivery(watch);
      contents(watch);
      completeness(watch);
    }
    return std::move(anomalies_);
  }

 private:
  void add(std::string_view type, const Watch& watch, std::optional<std::uint64_t> commit,
           std::string explanation) {
    if (++count_of_type_[std::string(type)] > options_.max_anomalies) return;
    Anomaly anomaly;
    anomaly.type = type;
    anomaly.model = "watch";
    anomaly.witness = {watch.event};
    if (commit.has_value()) anomaly.witness.push_back(*commit);
    std::sort(anomaly.witness.begin(), anomaly.witness.end());
    anomaly.explanation = std::move(explanation);
    anomaly.minimal = true;
    anomalies_.push_back(std::move(anomaly));
  }

  std::size_t changes_at(std::int64_t revision, const Watch& watch) const {
    const auto [begin, end] = facts_.equal_range(revision);
    return static_cast<std::size_t>(std::count_if(
        begin, end, [&](const auto& entry) { return watch.matches(entry.second.change.key); }));
  }

  /// Ordered, unique, atomic, bookmarkable: the sequence of revisions alone.
  void delivery(const Watch& watch) {
    std::int64_t last = 0;      // the newest revision delivered
    std::int64_t bookmark = 0;  // the newest revision promised to be complete
    std::map<std::int64_t, std::size_t> delivered;
    std::set<std::pair<std::int64_t, std::string>> seen;
    for (const WatchResponse& response : watch.responses) {
      const std::int64_t last_of_others = last;
      for (const WatchEvent& event : response.events) {
        const bool again = !seen.emplace(event.revision, event.change.key).second;
        const std::size_t count = ++delivered[event.revision];
        if (again || count > std::max<std::size_t>(1, changes_at(event.revision, watch))) {
          add("watch-unique", watch, std::nullopt,
              fmt::format("Revision {} was delivered again, with the {}.", event.revision,
                          describe(event.change)));
        } else if (event.revision < last) {
          add("watch-ordered", watch, std::nullopt,
              fmt::format("Revision {} was delivered after revision {}.", event.revision, last));
        } else if (event.revision == last_of_others && last_of_others != 0) {
          add("watch-atomic", watch, std::nullopt,
              fmt::format("The changes of revision {} came in two responses.", event.revision));
        }
        if (event.revision <= bookmark) {
          add("watch-bookmarkable", watch, std::nullopt,
              fmt::format("Revision {} was delivered after a bookmark at {} had said that "
                          "everything up to there was.",
                          event.revision, bookmark));
        }
        last = std::max(last, event.revision);
      }
      if (!response.progress) continue;
      if (response.revision < std::max(last, bookmark)) {
        add("watch-bookmarkable", watch, std::nullopt,
            fmt::format("A bookmark at revision {} came after revision {}.", response.revision,
                        std::max(last, bookmark)));
      }
      bookmark = std::max(bookmark, response.revision);
    }
  }

  const Fact* fact_of(const WatchEvent& event) const {
    const auto [begin, end] = facts_.equal_range(event.revision);
    const auto found = std::find_if(
        begin, end, [&](const auto& entry) { return entry.second.change == event.change; });
    return found == end ? nullptr : &found->second;
  }

  /// Filter, create, previous values: each event by itself.
  void contents(const Watch& watch) {
    for (const WatchResponse& response : watch.responses) {
      for (const WatchEvent& event : response.events) {
        if (!watch.matches(event.change.key)) {
          add("watch-filter", watch, std::nullopt,
              fmt::format("The {} at revision {} is not what was asked for.",
                          describe(event.change), event.revision));
          continue;
        }
        const Fact* fact = fact_of(event);
        if (fact == nullptr) {
          add("watch-reliable", watch, std::nullopt,
              fmt::format("A {} was delivered as revision {}, but nothing of the kind was "
                          "committed there.",
                          describe(event.change), event.revision));
          continue;
        }
        compare(watch, event, *fact);
      }
    }
  }

  void compare(const Watch& watch, const WatchEvent& event, const Fact& fact) {
    if (unclear_.contains(event.change.key)) return;
    if (event.created != fact.created) {
      add("watch-is-create", watch, fact.commit,
          fmt::format("The {} at revision {} was delivered as {}, but the key {}.",
                      describe(event.change), event.revision,
                      event.created ? "a creation" : "a change of what was there",
                      fact.created ? "did not exist before" : "did exist before"));
    }
    if (!event.has_previous) return;
    if (fact.previous_value != event.previous_value ||
        fact.previous_revision != event.previous_revision) {
      add("watch-prev-kv", watch, fact.commit,
          fmt::format("The {} at revision {} was delivered with {} of revision {} as what was "
                      "there before, but that was {} of revision {}.",
                      describe(event.change), event.revision, event.previous_value,
                      event.previous_revision, fact.previous_value.value_or("nothing"),
                      fact.previous_revision));
    }
  }

  /// Resumable and reliable: of what was committed from where the watch began to where it had
  /// come, everything was delivered.
  void completeness(const Watch& watch) {
    std::set<std::pair<std::int64_t, std::string>> delivered;
    std::optional<std::int64_t> begin;
    std::int64_t end = 0;
    std::int64_t first = 0;
    for (const WatchResponse& response : watch.responses) {
      for (const WatchEvent& event : response.events) {
        delivered.emplace(event.revision, event.change.key);
        if (first == 0) first = event.revision;
        begin = std::min(begin.value_or(event.revision), event.revision);
        end = std::max(end, event.revision);
      }
      if (!response.progress) continue;
      // What lies before the first bookmark need not have been asked for.
      if (!begin.has_value()) begin = response.revision + 1;
      end = std::max(end, response.revision);
    }
    if (watch.revision > 0) begin = watch.revision;
    if (!begin.has_value()) return;
    for (auto at = facts_.lower_bound(*begin); at != facts_.end() && at->first <= end; ++at) {
      const auto& [revision, fact] = *at;
      if (!watch.matches(fact.change.key) || delivered.contains({revision, fact.change.key})) {
        continue;
      }
      const bool at_the_start = watch.revision > 0 && first != 0 && revision < first;
      add(at_the_start ? "watch-resumable" : "watch-reliable", watch, fact.commit,
          fmt::format("The {} at revision {} was not delivered, although {}.",
                      describe(fact.change), revision,
                      at_the_start
                          ? fmt::format("the watch was to start at revision {}", watch.revision)
                          : fmt::format("the watch had come to revision {}", end)));
    }
  }

  const WatchOperations& operations_;
  const CheckOptions& options_;
  std::set<std::string> unclear_;  // what such a key was before, nobody can say
  Facts facts_;
  std::vector<Anomaly> anomalies_;
  std::map<std::string, int> count_of_type_;
};

}  // namespace

Result<CheckResult> check_watches(const History& history, const CheckOptions& options) {
  const auto operations = read_watch_operations(history);
  if (!operations) return operations.error();
  CheckResult result;
  result.model = "watch";
  result.statistics.algorithm = "revisions";
  if (operations->watches.empty()) {
    result.unknown_because = "nothing was watched";
  } else {
    result.anomalies = WatchCheck(*operations, options).run();
    result.verdict = result.anomalies.empty() ? Verdict::pass : Verdict::violation;
  }
  result.models = {{result.model, result.verdict, result.unknown_because}};
  return result;
}

}  // namespace assay
