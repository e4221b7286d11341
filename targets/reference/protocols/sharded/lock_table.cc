#include "targets/reference/protocols/sharded/lock_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::reference {
namespace {

bool overlap(const LockSet& locks, const LockSet& wanted) {
  return std::any_of(locks.begin(), locks.end(), [&](const auto& lock) {
    const auto at = wanted.find(lock.first);
    return at != wanted.end() && (lock.second || at->second);
  });
}

}  // namespace

bool LockTable::is_free(const LockSet& locks) const {
  return std::none_of(locks.begin(), locks.end(), [&](const auto& lock) {
    const auto at = held_.find(lock.first);
    return at != held_.end() && (lock.second || at->second.exclusive);
  });
}

std::vector<RequestId> LockTable::grant() {
  std::vector<RequestId> granted;
  std::vector<Waiting> left;
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    const bool overtakes = std::any_of(left.begin(), left.end(), [&](const Waiting& earlier) {
      return overlap(waiting.locks, earlier.locks);
    });
    if (overtakes || !is_free(waiting.locks)) {
      left.push_back(std::move(waiting));
      continue;
    }
    take(waiting.who, waiting.locks);
    granted.push_back(waiting.who);
  }
  waiting_ = std::move(left);
  return granted;
}

void LockTable::take(const RequestId& who, const LockSet& locks) {
  for (const auto& [key, exclusive] : locks) {
    Holders& holders = held_[key];
    holders.who.insert(who);
    holders.exclusive = holders.exclusive || exclusive;
  }
}

void LockTable::release(const RequestId& who) {
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.who == who; });
  std::erase_if(held_, [&](auto& entry) {
    return entry.second.who.erase(who) > 0 && entry.second.who.empty();
  });
}

void LockTable::release_shared(const RequestId& who) {
  std::erase_if(held_, [&](auto& entry) {
    return !entry.second.exclusive && entry.second.who.erase(who) > 0 && entry.second.who.empty();
  });
}

}  // namespace assay::reference
