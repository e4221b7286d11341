#include "weak_oracle.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>

#include "session_histories.h"

namespace assay::oracle {
namespace {

using Kind = SmallOp::Kind;
using Order = std::vector<std::size_t>;

/// Does the transaction make sense if it starts from this state? Keys are few.
using State = std::vector<std::vector<int>>;  // by key: the list, or the one value

State initial_state() { return State(8); }

void apply(State& state, const SmallOp& op) {
  auto& cell = state[static_cast<std::size_t>(op.key)];
  if (op.kind == Kind::write) cell = {op.value};
  if (op.kind == Kind::append) cell.push_back(op.value);
}

bool explains(State state, const SmallTxn& txn, bool lists) {
  for (const SmallOp& op : txn.ops) {
    if (op.kind == Kind::read && txn.outcome == Outcome::ok) {
      const auto& cell = state[static_cast<std::size_t>(op.key)];
      if (lists ? cell != op.list : (cell.empty() ? 0 : cell.front()) != op.value) return false;
    }
    apply(state, op);
  }
  return true;
}

bool has_lists(const SmallTxns& txns) {
  return std::any_of(txns.begin(), txns.end(), [](const SmallTxn& txn) {
    return std::any_of(txn.ops.begin(), txn.ops.end(), [](const SmallOp& op) {
      return op.kind == Kind::append || !op.list.empty();
    });
  });
}

/// A mask of what each place of the order sees, from the back: is there one for all?
bool has_visibility(const SmallTxns& txns, const Order& order, bool transitive, bool lists) {
  const std::size_t n = order.size();
  std::vector<std::uint32_t> sees(n, 0);
  const auto place = [&](auto&& self, std::size_t i) -> bool {
    if (i == n) return true;
    for (std::uint32_t mask = 0; mask < (1U << i); ++mask) {
      bool good = true;
      for (std::size_t j = 0; j < i && good; ++j) {
        const bool seen = ((mask >> j) & 1U) != 0;
        if (txns[order[j]].session == txns[order[i]].session) good = seen;
        if (seen && transitive && (sees[j] & ~mask) != 0) good = false;
      }
      if (!good) continue;
      State state = initial_state();
      for (std::size_t j = 0; j < i; ++j) {
        if (((mask >> j) & 1U) == 0) continue;
        for (const SmallOp& op : txns[order[j]].ops) apply(state, op);
      }
      if (!explains(state, txns[order[i]], lists)) continue;
      sees[i] = mask;
      if (self(self, i + 1)) return true;
    }
    return false;
  };
  return place(place, 0);
}

struct From {
  std::size_t reader;
  std::size_t op;
  int key;
  std::optional<std::size_t> writer;  ///< none: the initial value
};

bool writes(const SmallTxn& txn, int key) {
  return std::any_of(txn.ops.begin(), txn.ops.end(),
                     [&](const SmallOp& op) { return op.kind == Kind::write && op.key == key; });
}

/// Biswas and Enea's axiom of read committed for one order and one choice of writers.
bool read_committed_holds(const std::vector<std::size_t>& place, const SmallTxns& txns,
                          const std::vector<From>& reads) {
  for (const From& read : reads) {
    if (read.writer.has_value() && place[*read.writer] >= place[read.reader]) return false;
    for (const From& before : reads) {
      if (before.reader != read.reader || before.op >= read.op || !before.writer.has_value())
        continue;
      const std::size_t t2 = *before.writer;
      if (read.writer == t2 || !writes(txns[t2], read.key)) continue;
      if (!read.writer.has_value() || place[t2] > place[*read.writer]) return false;
    }
  }
  return true;
}

/// Calls `visit` with each choice of writers for the external reads, until it returns true.
/// What a read after an own write returns, these levels leave open.
template <class Visit>
bool any_choice(const SmallTxns& txns, const Order& chosen, Visit visit) {
  std::vector<From> reads;
  const auto choose = [&](auto&& self, std::size_t c, std::size_t o) -> bool {
    if (c == chosen.size()) return visit(reads);
    const SmallTxn& txn = txns[chosen[c]];
    if (o == txn.ops.size() || txn.outcome != Outcome::ok) return self(self, c + 1, 0);
    const SmallOp& op = txn.ops[o];
    if (op.kind != Kind::read) return self(self, c, o + 1);
    bool own = false;
    for (std::size_t i = 0; i < o; ++i) {
      if (txn.ops[i].kind == Kind::write && txn.ops[i].key == op.key) own = true;
    }
    if (own) return self(self, c, o + 1);
    if (op.value == 0) {
      reads.push_back({chosen[c], o, op.key, std::nullopt});
      if (self(self, c, o + 1)) return true;
      reads.pop_back();
    }
    for (const std::size_t w : chosen) {
      if (w == chosen[c]) continue;
      std::optional<int> last;
      for (const SmallOp& write : txns[w].ops) {
        if (write.kind == Kind::write && write.key == op.key) last = write.value;
      }
      if (last != op.value) continue;
      reads.push_back({chosen[c], o, op.key, w});
      if (self(self, c, o + 1)) return true;
      reads.pop_back();
    }
    return false;
  };
  return choose(choose, 0, 0);
}

bool holds_for(const SmallTxns& txns, Order chosen, const std::string& model) {
  const bool lists = has_lists(txns);
  std::sort(chosen.begin(), chosen.end());
  do {
    std::vector<std::size_t> place(txns.size(), 0);
    for (std::size_t i = 0; i < chosen.size(); ++i) place[chosen[i]] = i;
    bool sessions = true;
    for (const std::size_t a : chosen) {
      for (const std::size_t b : chosen) {
        if (a < b && txns[a].session == txns[b].session && place[a] > place[b]) sessions = false;
      }
    }
    if (!sessions && model != "monotonic-atomic-view") continue;
    if (model == "read-atomic" || model == "transactional-causal") {
      if (has_visibility(txns, chosen, model == "transactional-causal", lists)) return true;
      continue;
    }
    const bool found = any_choice(
        txns, chosen, [&](const auto& reads) { return read_committed_holds(place, txns, reads); });
    if (found) return true;
  } while (std::next_permutation(chosen.begin(), chosen.end()));
  return false;
}

}  // namespace

bool satisfies(const SmallTxns& txns, const std::string& model) {
  Order certain;
  Order open;
  for (std::size_t t = 0; t < txns.size(); ++t) {
    if (txns[t].outcome == Outcome::ok) certain.push_back(t);
    if (txns[t].outcome == Outcome::info) open.push_back(t);
  }
  for (std::uint32_t mask = 0; mask < (1U << open.size()); ++mask) {
    Order chosen = certain;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (((mask >> i) & 1U) != 0) chosen.push_back(open[i]);
    }
    if (holds_for(txns, chosen, model)) return true;
  }
  return false;
}

}  // namespace assay::oracle
