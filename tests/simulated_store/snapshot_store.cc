#include "tests/simulated_store/snapshot_store.h"

#include <algorithm>

namespace assay::simulated {

SnapshotStore::SnapshotStore(Level level, bool lists, int keys)
    : level_(level), lists_(lists), versions_(static_cast<std::size_t>(keys)) {
  for (auto& versions : versions_) versions[0] = {};
}

int SnapshotStore::oldest_snapshot(int client) const {
  switch (level_) {
    case Level::snapshot_isolation:
    case Level::serializable:
      return 0;
    case Level::strong_snapshot_isolation:
    case Level::strict_serializable:
      return now_;
    default: {
      const auto seen = session_.find(client);
      return seen == session_.end() ? 0 : seen->second;
    }
  }
}

void SnapshotStore::begin(TxnNumber txn, int client) {
  txns_[txn] = {client, std::max(oldest_snapshot(client), now_ - age_), {}, {}};
}

const Item& SnapshotStore::at(int key, int time) const {
  return std::prev(versions_[static_cast<std::size_t>(key)].upper_bound(time))->second;
}

bool SnapshotStore::changed_since(int key, int time) const {
  return versions_[static_cast<std::size_t>(key)].rbegin()->first > time;
}

void SnapshotStore::put(Item& item, int value) const {
  if (!lists_) item.clear();
  item.push_back(value);
}

Progress SnapshotStore::read(TxnNumber number, int key, Item& found) {
  Txn& txn = txns_[number];
  txn.reads.push_back(key);
  found = at(key, txn.snapshot);
  for (const auto& [written, value] : txn.writes) {
    if (written == key) put(found, value);
  }
  return Progress::done;
}

Progress SnapshotStore::write(TxnNumber txn, int key, int value) {
  txns_[txn].writes.emplace_back(key, value);
  return Progress::done;
}

bool SnapshotStore::may_commit(const Txn& txn) const {
  if (level_ == Level::prefix) return true;
  const bool write_conflict =
      std::any_of(txn.writes.begin(), txn.writes.end(),
                  [&](const auto& write) { return changed_since(write.first, txn.snapshot); });
  const bool validates = level_ == Level::serializable ||
                         level_ == Level::strong_session_serializable ||
                         level_ == Level::strict_serializable;
  const bool read_conflict =
      validates && std::any_of(txn.reads.begin(), txn.reads.end(),
                               [&](int key) { return changed_since(key, txn.snapshot); });
  return !write_conflict && !read_conflict;
}

Progress SnapshotStore::commit(TxnNumber number) {
  const Txn txn = txns_[number];
  txns_.erase(number);
  int& seen = session_[txn.client];
  if (txn.writes.empty()) {
    seen = std::max(seen, txn.snapshot);
    return Progress::done;
  }
  if (!may_commit(txn)) return Progress::abort;
  ++now_;
  for (const auto& [key, value] : txn.writes) {
    auto& versions = versions_[static_cast<std::size_t>(key)];
    Item item = versions.rbegin()->second;
    put(item, value);
    versions[now_] = std::move(item);
  }
  seen = now_;
  return Progress::done;
}

void SnapshotStore::abort(TxnNumber txn) { txns_.erase(txn); }

}  // namespace assay::simulated
