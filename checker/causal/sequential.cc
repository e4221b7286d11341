#include "checker/causal/sequential.h"

#include <algorithm>
#include <limits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace assay::causal {
namespace {

constexpr std::uint64_t most_configurations = 4'000'000;

/// A key with one of its values, numbered densely.
using Slot = std::uint32_t;
constexpr Slot nothing = std::numeric_limits<Slot>::max();

/// Operations on single keys: at most one read, then at most one write.
struct Item {
  TxnIndex txn;
  TxnKey key = 0;
  Slot needs = nothing;
  Slot leaves = nothing;
  bool may_be_left = false;
  std::uint32_t known_before = 0;  ///< operations before it in its session that the view knows
  std::int64_t seen_by = 0;        ///< when it had happened, as far as somebody saw
};

/// Of a configuration, 128 bits: among the four million that are kept, two different ones have the
/// same with a probability below 2^-80.
struct Fingerprint {
  std::uint64_t low = 0;
  std::uint64_t high = 0;

  static std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31U);
  }
  void toggle(std::uint64_t kind, std::uint32_t what, std::uint32_t value) {
    const std::uint64_t x = (std::uint64_t{what} << 32U) | value;
    low ^= mixed(x + 0x9E3779B97F4A7C15U * (kind + 1));
    high ^= mixed(mixed(x ^ (kind << 62U)) + 0xD1B54A32D192ED03U);
  }
  bool operator==(const Fingerprint&) const = default;
};
struct FingerprintHash {
  std::size_t operator()(const Fingerprint& f) const { return f.low; }
};

class Search {
 public:
  Search(const Observations& seen, const View* view, const SearchLimits& limits,
         const std::vector<bool>& left_out)
      : seen_(seen),
        view_(view),
        limits_(limits),
        sessions_(seen.session_count()),
        at_(seen.session_count(), 0) {
    for (TxnKey key = 0; key < seen.transactions->key_count(); ++key) {
      state_.push_back(slot(key, initial_value));
    }
    read_items(left_out);
    std::vector<std::int64_t> seen_by(slots_.size(), std::numeric_limits<std::int64_t>::max());
    std::vector<bool> is_needed(slots_.size(), false);
    for_each_item([&](const Item& item) {
      if (item.needs == nothing) return;
      is_needed[item.needs] = true;
      const Txn& reader = (*seen_.transactions)[item.txn];
      if (!item.may_be_left) seen_by[item.needs] = std::min(seen_by[item.needs], reader.end);
    });
    for (auto& items : sessions_) {
      // What may not have happened and nobody saw helps nobody.
      std::erase_if(items, [&](const Item& item) {
        return item.may_be_left && (item.leaves == nothing || !is_needed[item.leaves]);
      });
      for (std::size_t i = 0; i + 1 < items.size(); ++i) {
        items[i + 1].known_before =
            items[i].known_before + (seen.position[items[i].txn + 1] != 0 ? 1 : 0);
        if (items[i].may_be_left) result_.complete = false;  // nobody goes on without it below
      }
    }
    wanted_.assign(slots_.size(), 0);
    supply_.assign(slots_.size(), 0);
    for_each_item([&](Item& item) {
      item.seen_by = (*seen_.transactions)[item.txn].end;
      if (item.leaves != nothing) item.seen_by = std::min(item.seen_by, seen_by[item.leaves]);
      if (!item.may_be_left) ++missing_;
      count(item, 1);
    });
  }

  SequentialSearch run() {
    // Depth first without recursion: a frame a branching, with what was tried last.
    struct Frame {
      std::size_t placed;
      Try tried;
    };
    std::vector<Frame> frames;
    take_reads();
    frames.push_back({order_.size(), before_all});
    while (!frames.empty()) {
      if (missing_ == 0) {
        result_.complete = true;
        result_.order.emplace();
        for (const Placed& placed : order_) {
          result_.order->push_back(sessions_[placed.session][placed.position].txn);
        }
        return result_;
      }
      if (result_.configurations >= (limits_.steps != 0 ? limits_.steps : most_configurations) ||
          ((result_.configurations & 0xfffU) == 0 && limits_.time_is_up())) {
        result_.complete = false;
        return result_;
      }
      Frame& frame = frames.back();
      undo(frame.placed);
      bool moved = false;
      while (!moved) {
        const Try next = next_try(frame.tried);
        if (next == after_all) break;
        frame.tried = next;
        take(next.second);
        take_reads();
        moved = remember();
        if (!moved) undo(frame.placed);
      }
      if (moved) {
        frames.push_back({order_.size(), before_all});
      } else {
        frames.pop_back();
      }
    }
    return result_;
  }

 private:
  struct Placed {
    std::uint32_t session;
    std::uint32_t position;
    Slot overwritten;
    Fingerprint before;
  };

  /// Whose next operation is taken, and when somebody had seen that one: the order in which they
  /// are tried. Real time binds nobody here, but mostly that is how it was.
  using Try = std::pair<std::int64_t, std::uint32_t>;
  static constexpr Try before_all{std::numeric_limits<std::int64_t>::min(), 0};
  static constexpr Try after_all{std::numeric_limits<std::int64_t>::max(),
                                 std::numeric_limits<std::uint32_t>::max()};

  Try next_try(const Try& last) const {
    Try best = after_all;
    for (std::uint32_t s = 0; s < at_.size(); ++s) {
      if (ended(s)) continue;
      const Try candidate{next_of(s).seen_by, s};
      if (candidate > last && candidate < best && can_take(s)) best = candidate;
    }
    return best;
  }

  Slot slot(TxnKey key, TxnValue value) {
    constexpr unsigned key_bits = 32;
    const std::uint64_t both = (std::uint64_t{key} << key_bits) | value;
    return slots_.try_emplace(both, static_cast<Slot>(slots_.size())).first->second;
  }

  void read_items(const std::vector<bool>& left_out) {
    const Transactions& txns = *seen_.transactions;
    for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
      for (const TxnIndex t : txns.session(s)) {
        if (txns[t].outcome == Outcome::fail || (!left_out.empty() && left_out[t])) continue;
        Item item{t};
        item.may_be_left = txns[t].outcome == Outcome::info;
        for (const TxnOp& op : txns.ops(t)) {
          item.key = op.key;
          if (op.value != unread) {
            (op.writes() ? item.leaves : item.needs) = slot(op.key, op.value);
          }
        }
        sessions_[s].push_back(item);
      }
    }
  }

  template <class Each>
  void for_each_item(const Each& each) {
    for (auto& items : sessions_) {
      for (Item& item : items) each(item);
    }
  }

  /// What is left to be placed has one such operation more, or less.
  void count(const Item& item, int change) {
    if (item.needs != nothing && !item.may_be_left) wanted_[item.needs] += change;
    if (item.leaves != nothing) supply_[item.leaves] += change;
  }

  bool ended(std::uint32_t s) const { return at_[s] == sessions_[s].size(); }
  const Item& next_of(std::uint32_t s) const { return sessions_[s][at_[s]]; }

  bool can_take(std::uint32_t s) const {
    if (ended(s)) return false;
    const Item& item = next_of(s);
    const Slot current = state_[item.key];
    if (item.needs != nothing && current != item.needs) return false;
    if (item.leaves != nothing && item.leaves != current && supply_[current] == 0) {
      // It overwrites for ever what others must still read.
      const int own = item.needs == current && !item.may_be_left ? 1 : 0;
      if (wanted_[current] > own) return false;
    }
    const Node node = item.txn + 1;
    if (view_ == nullptr || seen_.position[node] == 0) return true;
    const auto past = view_->clock(node);
    for (std::uint32_t other = 0; other < at_.size(); ++other) {
      if (other != s && !ended(other) && past[other] > next_of(other).known_before) return false;
    }
    return true;
  }

  void take(std::uint32_t s) {
    const Item& item = next_of(s);
    order_.push_back({s, at_[s], state_[item.key], print_});
    print_.toggle(0, s, at_[s]);
    print_.toggle(0, s, ++at_[s]);
    if (!item.may_be_left) --missing_;
    count(item, -1);
    if (item.leaves == nothing) return;
    print_.toggle(1, item.key, state_[item.key]);
    print_.toggle(1, item.key, item.leaves);
    state_[item.key] = item.leaves;
  }

  void take_reads() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::uint32_t s = 0; s < at_.size(); ++s) {
        while (!ended(s) && next_of(s).leaves == nothing && can_take(s)) {
          take(s);
          moved = true;
        }
      }
    }
  }

  void undo(std::size_t placed) {
    while (order_.size() > placed) {
      const Placed last = order_.back();
      order_.pop_back();
      --at_[last.session];
      const Item& item = next_of(last.session);
      state_[item.key] = last.overwritten;
      print_ = last.before;
      if (!item.may_be_left) ++missing_;
      count(item, 1);
    }
  }

  /// False if this configuration was met before: what remains depends on nothing else.
  bool remember() {
    constexpr std::uint64_t bytes_each = 48;
    const std::uint64_t bytes = ++result_.configurations * bytes_each;
    if (limits_.memory_bytes != 0 && bytes > limits_.memory_bytes) {
      result_.configurations = most_configurations;
    }
    return met_.insert(print_).second;
  }

  const Observations& seen_;
  const View* view_;
  const SearchLimits& limits_;
  std::vector<std::vector<Item>> sessions_;
  std::size_t missing_ = 0;        ///< operations that must still be placed
  std::vector<std::uint32_t> at_;  ///< by session: how many operations are placed
  std::vector<Slot> state_;        ///< by key
  std::unordered_map<std::uint64_t, Slot> slots_;
  std::vector<int> wanted_;  ///< by slot: operations not placed that must find it
  std::vector<int> supply_;  ///< by slot: operations not placed that leave it
  std::vector<Placed> order_;
  Fingerprint print_;
  std::unordered_set<Fingerprint, FingerprintHash> met_;
  SequentialSearch result_;
};

}  // namespace

SequentialSearch search_sequential(const Observations& seen, const View* view,
                                   const SearchLimits& limits, const std::vector<bool>& left_out) {
  return Search(seen, view, limits, left_out).run();
}

NonsequentialCore smallest_nonsequential(const Observations& seen, const SearchLimits& limits) {
  constexpr std::size_t most_operations = 100;
  constexpr std::uint64_t steps_each = 100'000;
  const Transactions& txns = *seen.transactions;
  std::vector<bool> left_out(txns.size(), false);
  NonsequentialCore result;
  for (TxnIndex t = 0; t < txns.size(); ++t) left_out[t] = txns[t].outcome == Outcome::fail;
  const auto supplies = [&](TxnIndex writer, TxnIndex reader) {
    for (const TxnOp& read : txns.ops(reader)) {
      if (read.writes() || read.value == unread) continue;
      for (const TxnOp& write : txns.ops(writer)) {
        if (write.writes() && write.key == read.key && write.value == read.value) return true;
      }
    }
    return false;
  };
  // Leaves out an operation, and whom it could have supplied.
  const auto without = [&](TxnIndex first) {
    std::vector<bool> less = left_out;
    std::vector<TxnIndex> open{first};
    less[first] = true;
    while (!open.empty()) {
      const TxnIndex writer = open.back();
      open.pop_back();
      for (TxnIndex t = 0; t < txns.size(); ++t) {
        if (less[t] || !supplies(writer, t)) continue;
        less[t] = true;
        open.push_back(t);
      }
    }
    return less;
  };
  const auto count = static_cast<std::size_t>(std::count(left_out.begin(), left_out.end(), false));
  if (count <= most_operations) {
    SearchLimits each = limits;
    each.steps = steps_each;
    result.minimal = true;
    for (bool smaller = true; smaller && !limits.time_is_up();) {
      smaller = false;
      result.minimal = true;
      for (TxnIndex t = 0; t < txns.size(); ++t) {
        if (left_out[t]) continue;
        auto less = without(t);
        const SequentialSearch search = search_sequential(seen, nullptr, each, less);
        if (search.order.has_value()) continue;
        if (!search.complete) {
          result.minimal = false;
          continue;
        }
        left_out = std::move(less);
        smaller = true;
      }
    }
  }
  for (TxnIndex t = 0; t < txns.size(); ++t) {
    if (!left_out[t]) result.operations.push_back(t);
  }
  return result;
}

}  // namespace assay::causal
