#include "checker/causal/sequential.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace assay::causal {
namespace {

constexpr std::uint64_t most_configurations = 4'000'000;

/// Operations on single keys: at most one read, then at most one write.
struct Item {
  TxnIndex txn;
  TxnKey key = 0;
  TxnValue needs = unread;
  TxnValue leaves = unread;
  bool may_be_left = false;
  std::uint32_t known_before = 0;  ///< operations before it in its session that the view knows
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
        at_(seen.session_count(), 0),
        state_(seen.transactions->key_count(), initial_value) {
    const Transactions& txns = *seen.transactions;
    for (std::uint32_t s = 0; s < sessions_.size(); ++s) {
      for (const TxnIndex t : txns.session(s)) {
        if (txns[t].outcome == Outcome::fail || (!left_out.empty() && left_out[t])) continue;
        Item item{t};
        item.may_be_left = txns[t].outcome == Outcome::info;
        for (const TxnOp& op : txns.ops(t)) {
          item.key = op.key;
          (op.writes() ? item.leaves : item.needs) = op.value;
        }
        if (item.may_be_left && item.leaves == unread) continue;
        if (!item.may_be_left) ++missing_;
        auto& items = sessions_[s];
        if (!items.empty()) {
          const Item& last = items.back();
          item.known_before = last.known_before + (seen.position[last.txn + 1] != 0 ? 1 : 0);
          if (last.may_be_left) result_.complete = false;  // nobody goes on without it below
        }
        items.push_back(item);
      }
    }
  }

  SequentialSearch run() {
    // Depth first without recursion: a frame a branching, with the next session to try.
    struct Frame {
      std::size_t placed;
      std::uint32_t next;
    };
    std::vector<Frame> frames;
    take_reads();
    frames.push_back({order_.size(), 0});
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
      while (frame.next < at_.size() && !moved) {
        const std::uint32_t s = frame.next++;
        if (!can_take(s)) continue;
        take(s);
        take_reads();
        moved = remember();
        if (!moved) undo(frame.placed);
      }
      if (moved) {
        frames.push_back({order_.size(), 0});
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
    TxnValue overwritten;
    Fingerprint before;
  };

  bool ended(std::uint32_t s) const { return at_[s] == sessions_[s].size(); }
  const Item& next_of(std::uint32_t s) const { return sessions_[s][at_[s]]; }

  bool can_take(std::uint32_t s) const {
    if (ended(s)) return false;
    const Item& item = next_of(s);
    if (item.needs != unread && state_[item.key] != item.needs) return false;
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
    if (item.leaves == unread) return;
    print_.toggle(1, item.key, state_[item.key]);
    print_.toggle(1, item.key, item.leaves);
    state_[item.key] = item.leaves;
  }

  void take_reads() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::uint32_t s = 0; s < at_.size(); ++s) {
        while (!ended(s) && next_of(s).leaves == unread && can_take(s)) {
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
  std::vector<TxnValue> state_;    ///< by key
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
