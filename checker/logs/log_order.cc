#include "checker/logs/log_order.h"

#include <algorithm>
#include <tuple>

namespace assay {
namespace {

struct Sighting {
  LogKey key;
  std::int64_t offset;
  LogValue value;
  std::uint64_t event;

  auto place() const { return std::tuple(key, offset, value, event); }
  bool operator<(const Sighting& other) const { return place() < other.place(); }
};

/// Every offset that somebody saw, sorted, each (offset, value) once.
std::vector<Sighting> sightings(const LogOperations& log) {
  std::vector<bool> polled(log.values.size(), false);
  for (const LogOperation& operation : log.operations) {
    for (const LogMessage& message : operation.polls) polled[message.value] = true;
  }
  std::vector<Sighting> result;
  const auto see = [&](const LogOperation& operation, const LogMessage& message) {
    if (message.offset == no_offset) return;
    result.push_back({message.key, message.offset, message.value, operation.event});
  };
  for (const LogOperation& operation : log.operations) {
    for (const LogMessage& message : operation.polls) see(operation, message);
    const bool took_effect =
        operation.outcome == Outcome::ok ||
        (operation.outcome == Outcome::info &&
         std::any_of(operation.sends.begin(), operation.sends.end(),
                     [&](const LogMessage& message) { return polled[message.value]; }));
    if (!took_effect) continue;
    for (const LogMessage& message : operation.sends) see(operation, message);
  }
  std::sort(result.begin(), result.end());
  const auto same = [](const Sighting& a, const Sighting& b) {
    return a.key == b.key && a.offset == b.offset && a.value == b.value;
  };
  result.erase(std::unique(result.begin(), result.end(), same), result.end());
  return result;
}

}  // namespace

LogOrder::LogOrder(const LogOperations& log)
    : logs_(log.keys.size()), position_(log.values.size(), none) {
  std::vector<const Sighting*> first(log.values.size(), nullptr);
  const std::vector<Sighting> all = sightings(log);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Sighting& seen = all[i];
    if (i > 0 && all[i - 1].key == seen.key && all[i - 1].offset == seen.offset) {
      conflicts_.push_back(
          {seen.key, seen.offset, all[i - 1].value, seen.value, all[i - 1].event, seen.event});
      // The offset keeps the value met first, so that everything after it stays comparable.
      continue;
    }
    if (const Sighting* before = first[seen.value]) {
      duplicates_.push_back({seen.value, before->offset, seen.offset, before->event, seen.event});
      continue;
    }
    first[seen.value] = &seen;
    position_[seen.value] = static_cast<std::uint32_t>(logs_[seen.key].size());
    logs_[seen.key].push_back(seen.value);
  }
}

}  // namespace assay
