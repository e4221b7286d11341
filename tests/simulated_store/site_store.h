#pragma once
// Sites that hear of each other's commits later. A client stays at one site. Of two writes of a
// register the one with the later clock wins everywhere; clocks are Lamport's, so they agree with
// what anybody has seen.

#include "tests/simulated_store/store.h"

namespace assay::simulated {

class SiteStore final : public Store {
 public:
  SiteStore(Level level, bool lists, int keys);

  void begin(TxnNumber txn, int client) override;
  Progress read(TxnNumber txn, int key, Item& found) override;
  Progress write(TxnNumber txn, int key, int value) override;
  Progress commit(TxnNumber txn) override;
  void abort(TxnNumber txn) override;
  void tick(Random& random) override;

 private:
  static constexpr std::size_t site_count = 3;
  using Applied = std::vector<bool>;  ///< by commit
  struct Cell {
    Item item;
    int clock = 0;
    int commit = -1;  ///< of the version
  };
  struct Site {
    std::vector<Cell> cells;
    Applied applied;
    int clock = 0;
  };
  struct Txn {
    std::size_t site;
    std::vector<Cell> snapshot;
    Applied seen;
    std::vector<std::pair<int, int>> writes;
  };
  struct Commit {
    int clock;
    Applied causes;
    std::map<int, Item> items;
  };

  bool causal() const {
    return level_ == Level::transactional_causal || level_ == Level::parallel_snapshot_isolation;
  }
  bool deliverable(std::size_t commit, const Site& site) const;
  void apply(std::size_t commit, Site& site);
  static bool holds(const Applied& applied, std::size_t commit) {
    return commit < applied.size() && applied[commit];
  }

  Level level_;
  bool lists_;
  std::vector<Site> sites_;
  std::vector<Commit> commits_;
  std::map<int, int> last_commit_of_;  ///< by key
  std::map<TxnNumber, Txn> txns_;
};

}  // namespace assay::simulated
