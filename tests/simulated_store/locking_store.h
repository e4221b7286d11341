#pragma once
// One copy and locks: of conflicting transactions the younger one gives up, so nobody waits for
// ever.

#include <set>

#include "tests/simulated_store/store.h"

namespace assay::simulated {

class LockingStore final : public Store {
 public:
  LockingStore(Level level, bool lists, int keys);

  void begin(TxnNumber txn, int client) override;
  Progress read(TxnNumber txn, int key, Item& found) override;
  Progress write(TxnNumber txn, int key, int value) override;
  Progress select(TxnNumber txn, std::map<int, int>& found) override;
  Progress commit(TxnNumber txn) override;
  void abort(TxnNumber txn) override;

 private:
  struct Write {
    int key;
    int value;
    Item before;  ///< for undoing it in place
  };
  struct Cell {
    Item item;
    std::set<TxnNumber> shared;
    std::set<TxnNumber> exclusive;  ///< at most one
  };

  bool in_place() const { return level_ == Level::read_uncommitted; }
  bool locks_reads() const {
    return level_ == Level::repeatable_read || level_ == Level::locked_serializable;
  }
  Progress lock(TxnNumber txn, int key, bool exclusive);
  Item seen_by(TxnNumber txn, int key) const;
  void put(Item& item, int value) const;
  void release(TxnNumber txn);

  Level level_;
  bool lists_;
  std::vector<Cell> cells_;
  std::map<TxnNumber, std::vector<Write>> writes_;
  std::map<TxnNumber, std::set<int>> uninstalled_;  ///< of those that are committing
};

}  // namespace assay::simulated
