#include "tests/simulated_store/locking_store.h"

namespace assay::simulated {

LockingStore::LockingStore(Level level, bool lists, int keys)
    : level_(level), lists_(lists), cells_(static_cast<std::size_t>(keys)) {}

void LockingStore::begin(TxnNumber txn, int) { writes_[txn]; }

void LockingStore::put(Item& item, int value) const {
  if (!lists_) item.clear();
  item.push_back(value);
}

Progress LockingStore::lock(TxnNumber txn, int key, bool exclusive) {
  Cell& cell = cells_[static_cast<std::size_t>(key)];
  std::set<TxnNumber> others = cell.exclusive;
  if (exclusive) others.insert(cell.shared.begin(), cell.shared.end());
  others.erase(txn);
  if (others.empty()) {
    (exclusive ? cell.exclusive : cell.shared).insert(txn);
    return Progress::done;
  }
  return txn < *others.begin() ? Progress::wait : Progress::abort;
}

Item LockingStore::seen_by(TxnNumber txn, int key) const {
  Item item = cells_[static_cast<std::size_t>(key)].item;
  if (in_place()) return item;
  for (const Write& write : writes_.at(txn)) {
    if (write.key == key) put(item, write.value);
  }
  return item;
}

Progress LockingStore::read(TxnNumber txn, int key, Item& found) {
  if (locks_reads()) {
    if (const Progress locked = lock(txn, key, false); locked != Progress::done) return locked;
  }
  found = seen_by(txn, key);
  return Progress::done;
}

/// Repeatable read locks what it returns only: what does not match may be made to match.
Progress LockingStore::select(TxnNumber txn, std::map<int, int>& found) {
  found.clear();
  for (int key = 0; key < static_cast<int>(cells_.size()); ++key) {
    const Item item = seen_by(txn, key);
    const bool match = !item.empty() && item.back() % 2 == 0;
    if (match || level_ == Level::locked_serializable) {
      if (const Progress locked = lock(txn, key, false); locked != Progress::done) return locked;
    }
    if (match) found[key] = item.back();
  }
  return Progress::done;
}

Progress LockingStore::write(TxnNumber txn, int key, int value) {
  if (const Progress locked = lock(txn, key, true); locked != Progress::done) return locked;
  Item& item = cells_[static_cast<std::size_t>(key)].item;
  writes_[txn].push_back({key, value, item});
  if (in_place()) put(item, value);
  return Progress::done;
}

/// Read committed makes the keys that it wrote visible one after the other; the others all at once.
Progress LockingStore::commit(TxnNumber txn) {
  if (!in_place()) {
    const auto [at, fresh] = uninstalled_.try_emplace(txn);
    std::set<int>& keys = at->second;
    if (fresh) {
      for (const Write& write : writes_[txn]) keys.insert(write.key);
    }
    while (!keys.empty()) {
      const int key = *keys.begin();
      keys.erase(keys.begin());
      for (const Write& write : writes_[txn]) {
        if (write.key == key) put(cells_[static_cast<std::size_t>(key)].item, write.value);
      }
      if (level_ == Level::read_committed) break;
    }
    if (!keys.empty()) return Progress::wait;
  }
  release(txn);
  return Progress::done;
}

void LockingStore::abort(TxnNumber txn) {
  auto& writes = writes_[txn];
  if (in_place()) {
    for (auto at = writes.rbegin(); at != writes.rend(); ++at) {
      cells_[static_cast<std::size_t>(at->key)].item = at->before;
    }
  }
  release(txn);
}

void LockingStore::release(TxnNumber txn) {
  for (Cell& cell : cells_) {
    cell.shared.erase(txn);
    cell.exclusive.erase(txn);
  }
  writes_.erase(txn);
  uninstalled_.erase(txn);
}

}  // namespace assay::simulated
