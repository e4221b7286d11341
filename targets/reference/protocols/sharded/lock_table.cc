#include "targets/reference/protocols/sharded/lock_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::reference {

bool LockTable::waits_behind(const Waiting& later, const Waiting& earlier) {
  return std::any_of(later.locks.begin(), later.locks.end(), [&](const auto& lock) {
    const auto at = earlier.locks.find(lock.first);
    if (at == earlier.locks.end()) return false;
    return lock.second || (at->second && earlier.snapshot.writes_since < later.snapshot.reads_at);
  });
}

bool LockTable::is_free(const LockSet& locks, SnapshotTimes snapshot) const {
  return std::none_of(locks.begin(), locks.end(), [&](const auto& lock) {
    const auto at = held_.find(lock.first);
    if (at == held_.end()) return false;
    const Holders& holders = at->second;
    return lock.second || (holders.exclusive && holders.writes_since < snapshot.reads_at);
  });
}

std::vector<RequestId> LockTable::grant() {
  std::vector<RequestId> granted;
  std::vector<Waiting> left;
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    const bool overtakes = std::any_of(left.begin(), left.end(), [&](const Waiting& earlier) {
      return waits_behind(waiting, earlier);
    });
    if (overtakes || !is_free(waiting.locks, waiting.snapshot)) {
      left.push_back(std::move(waiting));
      continue;
    }
    take(waiting.who, waiting.locks, waiting.snapshot);
    granted.push_back(waiting.who);
  }
  waiting_ = std::move(left);
  return granted;
}

void LockTable::take(const RequestId& who, const LockSet& locks, SnapshotTimes snapshot) {
  for (const auto& [key, exclusive] : locks) {
    // Who reads a snapshot has waited for what it needs, and stops nobody.
    if (!exclusive && snapshot.reads_at != SnapshotTimes{}.reads_at) continue;
    Holders& holders = held_[key];
    holders.who.insert(who);
    if (!exclusive) continue;
    holders.exclusive = true;
    holders.writes_since = snapshot.writes_since;
  }
}

void LockTable::release(const RequestId& who) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.who == who; });
  for (auto& [key, holders] : held_) holders.who.erase(who);
  std::erase_if(held_, [](const auto& lock) { return lock.second.who.empty(); });
}

void LockTable::release_shared(const RequestId& who) {
  for (auto& [key, holders] : held_) {
    if (!holders.exclusive) holders.who.erase(who);
  }
  std::erase_if(held_, [](const auto& lock) { return lock.second.who.empty(); });
}

}  // namespace assay::reference
