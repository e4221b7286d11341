#pragma once
// Versions by the time of their commit: a transaction reads one snapshot. What a commit must not
// meet, and how old a snapshot may be, makes the level.

#include "tests/simulated_store/store.h"

namespace assay::simulated {

class SnapshotStore final : public Store {
 public:
  SnapshotStore(Level level, bool lists, int keys);

  void begin(TxnNumber txn, int client) override;
  Progress read(TxnNumber txn, int key, Item& found) override;
  Progress write(TxnNumber txn, int key, int value) override;
  Progress commit(TxnNumber txn) override;
  void abort(TxnNumber txn) override;
  void tick(Random& random) override { age_ = static_cast<int>(random.below(8)); }

 private:
  struct Txn {
    int client;
    int snapshot;
    std::vector<int> reads;
    std::vector<std::pair<int, int>> writes;  ///< key, value
  };
  int oldest_snapshot(int client) const;
  const Item& at(int key, int time) const;
  bool changed_since(int key, int time) const;
  bool may_commit(const Txn& txn) const;
  void put(Item& item, int value) const;

  Level level_;
  bool lists_;
  int now_ = 0;
  int age_ = 0;  ///< of the next snapshot, if its level lets it be old
  std::vector<std::map<int, Item>> versions_;  ///< by key, by commit time
  std::map<TxnNumber, Txn> txns_;
  std::map<int, int> session_;  ///< by client: what it has seen
};

}  // namespace assay::simulated
