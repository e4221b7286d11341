// Isolation levels by dependencies, straight from their definitions: every order of the versions of
// every key, every version that a read may have seen.

#include <algorithm>
#include <map>
#include <utility>

#include "small_transactions.h"

namespace assay::small {
namespace {

/// What the level asks beside the absence of cycles.
struct Level {
  enum class Cycles { information, single, any } cycles;
  bool later_effects = false;
  bool all_effects = false;
  bool newest_replaced = false;
  bool internal = false;
};
Level level_of(std::string_view model) {
  using enum Level::Cycles;
  if (model == "read-committed") return {information};
  if (model == "monotonic-atomic-view") return {.cycles = information, .later_effects = true};
  if (model == "cursor-stability") return {.cycles = information, .newest_replaced = true};
  if (model == "update-atomic") {
    return {.cycles = information, .all_effects = true, .newest_replaced = true, .internal = true};
  }
  return {model == "consistent-view" ? single : any};  // else repeatable-read
}

/// A read of others: the content without the transaction's own appends.
struct Read {
  std::size_t txn;
  std::size_t place;
  int key;
  Content seen;
  std::size_t version = 0;  ///< how many versions came before it
};

class Versions {
 public:
  Versions(const Level& level, const Transactions& txns, bool lists)
      : level_(level), txns_(txns), lists_(lists) {
    for (std::size_t t = 0; t < txns.size(); ++t) {
      for (const Op& op : txns[t].ops) {
        auto& writers = writers_[op.key];
        const bool fresh =
            op.write && std::find(writers.begin(), writers.end(), t) == writers.end();
        if (fresh) writers.push_back(t);
      }
      if (txns[t].outcome == End::ok) collect_reads(t);
    }
  }

  bool any_order_holds() {
    if (level_.internal && contradicts_itself_) return false;
    return order_key(writers_.begin());
  }

 private:
  void collect_reads(std::size_t t) {
    std::map<int, Content> expected;  // by earlier reads and the writes since
    for (std::size_t i = 0; i < txns_[t].ops.size(); ++i) {
      const Op& op = txns_[t].ops[i];
      if (op.write) {
        const auto known = expected.find(op.key);
        if (known != expected.end()) apply(op, lists_, known->second);
        if (known == expected.end() && !lists_) apply(op, lists_, expected[op.key]);
        continue;
      }
      const auto known = expected.find(op.key);
      if (known != expected.end() && known->second != op.seen) contradicts_itself_ = true;
      expected[op.key] = op.seen;
      add_read(t, i, op);
    }
  }
  void add_read(std::size_t t, std::size_t place, const Op& op) {
    Content seen = op.seen;
    for (std::size_t i = place; i-- > 0;) {
      const Op& own = txns_[t].ops[i];
      if (!own.write || own.key != op.key) continue;
      if (!lists_) return;
      if (seen.empty() || seen.back() != own.value) {
        contradicts_itself_ = true;
        return;
      }
      seen.pop_back();
    }
    reads_.push_back({t, place, op.key, std::move(seen)});
  }

  using Keys = std::map<int, std::vector<std::size_t>>;
  bool order_key(Keys::iterator key) {
    if (key == writers_.end()) return place_read(0);
    const auto next = std::next(key);
    do {
      if (order_key(next)) return true;
    } while (std::next_permutation(key->second.begin(), key->second.end()));
    return false;
  }

  bool place_read(std::size_t r) {
    if (r == reads_.size()) return holds();
    Read& read = reads_[r];
    Content content;
    const auto& writers = writers_[read.key];
    for (std::size_t version = 0; version <= writers.size(); ++version) {
      if (version > 0) {
        // Nobody reads from itself what it writes only afterwards.
        if (writers[version - 1] == read.txn) return false;
        for (const Op& op : txns_[writers[version - 1]].ops) {
          if (op.write && op.key == read.key) apply(op, lists_, content);
        }
      }
      read.version = version;
      if (content == read.seen && place_read(r + 1)) return true;
    }
    return false;
  }

  std::size_t place_of(std::size_t txn, int key) const {
    const auto& writers = writers_.at(key);
    return static_cast<std::size_t>(std::find(writers.begin(), writers.end(), txn) -
                                    writers.begin());
  }
  bool writes(std::size_t txn, int key) const {
    return place_of(txn, key) < writers_.at(key).size();
  }

  bool holds() const {
    for (const Read& read : reads_) {
      if (level_.newest_replaced && writes(read.txn, read.key) &&
          place_of(read.txn, read.key) != read.version) {
        return false;
      }
      if (!effects_hold(read)) return false;
    }
    return no_cycle();
  }

  /// Whoever is seen by this read is seen by the others.
  bool effects_hold(const Read& read) const {
    if (!level_.later_effects && !level_.all_effects) return true;
    const std::size_t first = lists_ || read.version == 0 ? 0 : read.version - 1;
    for (std::size_t v = first; v < read.version; ++v) {
      const std::size_t seen = writers_.at(read.key)[v];
      for (const Read& other : reads_) {
        if (other.txn != read.txn || !writes(seen, other.key)) continue;
        if (level_.later_effects && other.place < read.place) continue;
        if (place_of(seen, other.key) >= other.version) return false;
      }
    }
    return true;
  }

  using Matrix = std::vector<std::vector<bool>>;
  static void close(Matrix& edge) {
    for (std::size_t k = 0; k < edge.size(); ++k) {
      for (std::size_t i = 0; i < edge.size(); ++i) {
        for (std::size_t j = 0; j < edge.size(); ++j) {
          if (edge[i][k] && edge[k][j]) edge[i][j] = true;
        }
      }
    }
  }
  static bool is_cyclic(const Matrix& closed) {
    for (std::size_t i = 0; i < closed.size(); ++i) {
      if (closed[i][i]) return true;
    }
    return false;
  }

  bool no_cycle() const {
    Matrix information(txns_.size(), std::vector<bool>(txns_.size(), false));
    Matrix anti = information;
    for (const auto& [key, writers] : writers_) {
      for (std::size_t i = 1; i < writers.size(); ++i)
        information[writers[i - 1]][writers[i]] = true;
    }
    for (const Read& read : reads_) {
      const auto& writers = writers_.at(read.key);
      if (read.version > 0) information[writers[read.version - 1]][read.txn] = true;
      if (read.version < writers.size() && writers[read.version] != read.txn) {
        anti[read.txn][writers[read.version]] = true;
      }
    }
    Matrix closed = information;
    close(closed);
    if (is_cyclic(closed)) return false;
    if (level_.cycles == Level::Cycles::information) return true;
    Matrix all = closed;
    for (std::size_t i = 0; i < anti.size(); ++i) {
      for (std::size_t j = 0; j < anti.size(); ++j) {
        if (!anti[i][j]) continue;
        if (closed[j][i]) return false;
        all[i][j] = true;
      }
    }
    if (level_.cycles == Level::Cycles::single) return true;
    close(all);
    return !is_cyclic(all);
  }

  const Level level_;
  const Transactions& txns_;
  bool lists_;
  Keys writers_;
  std::vector<Read> reads_;
  bool contradicts_itself_ = false;
};

}  // namespace

bool allows_by_dependencies(std::string_view model, const Transactions& transactions, bool lists) {
  return any_committed_set(transactions, [&](const Transactions& committed) {
    return Versions(level_of(model), committed, lists).any_order_holds();
  });
}

}  // namespace assay::small
