#include "session_oracle.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "session_histories.h"

namespace assay::oracle {
namespace {

using Mask = std::uint32_t;
constexpr int nobody = -1;  ///< who wrote the initial value

struct Op {
  int session;
  int key;
  std::optional<int> needs;   ///< what it returned
  std::optional<int> leaves;  ///< what it wrote
  bool open = false;          ///< of unknown outcome
};
using Ops = std::vector<Op>;
using Relation = std::vector<Mask>;  ///< by operation: what comes before it

bool in(Mask mask, std::size_t i) { return ((mask >> i) & 1U) != 0; }
Mask bit(std::size_t i) { return Mask{1} << i; }

Relation session_order(const Ops& ops) {
  Relation before(ops.size(), 0);
  for (std::size_t b = 0; b < ops.size(); ++b) {
    for (std::size_t a = 0; a < b; ++a) {
      if (ops[a].session == ops[b].session) before[b] |= bit(a);
    }
  }
  return before;
}

/// Nothing if it has a cycle.
std::optional<Relation> closed(Relation before) {
  for (std::size_t k = 0; k < before.size(); ++k) {
    for (Mask& mask : before) {
      if (in(mask, k)) mask |= before[k];
    }
  }
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (in(before[i], i)) return std::nullopt;
  }
  return before;
}

/// Is there an order of `members` that extends `before` and in which those of `explained` return
/// what was written last?
class Linearization {
 public:
  Linearization(const Ops& ops, const Relation& before, Mask members, Mask explained)
      : ops_(ops), before_(before), members_(members), explained_(explained) {}

  bool exists() { return place(0); }

 private:
  bool place(Mask placed) {
    if (placed == members_) return true;
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      if (!in(members_, i) || in(placed, i) || (before_[i] & members_ & ~placed) != 0) continue;
      const auto key = static_cast<std::size_t>(ops_[i].key);
      if (in(explained_, i) && ops_[i].needs.has_value() && state_[key] != *ops_[i].needs) continue;
      const int overwritten = state_[key];
      if (ops_[i].leaves.has_value()) state_[key] = *ops_[i].leaves;
      const bool done = place(placed | bit(i));
      state_[key] = overwritten;
      if (done) return true;
    }
    return false;
  }

  const Ops& ops_;
  const Relation& before_;
  Mask members_;
  Mask explained_;
  int state_[8] = {};
};

using Sources = std::vector<int>;  ///< by operation: whose write it returned

/// Calls `visit` with each choice of whose write every read returned, until it returns true.
template <class Visit>
bool any_sources(const Ops& ops, Visit visit) {
  Sources sources(ops.size(), nobody);
  const auto choose = [&](auto&& self, std::size_t i) -> bool {
    if (i == ops.size()) return visit(sources);
    if (!ops[i].needs.has_value()) return self(self, i + 1);
    sources[i] = nobody;
    if (*ops[i].needs == 0 && self(self, i + 1)) return true;
    for (std::size_t w = 0; w < ops.size(); ++w) {
      if (w == i || ops[w].key != ops[i].key || ops[w].leaves != ops[i].needs) continue;
      sources[i] = static_cast<int>(w);
      if (self(self, i + 1)) return true;
    }
    return false;
  };
  return choose(choose, 0);
}

/// The smallest causal order in which each read follows its source; a larger one explains less.
std::optional<Relation> causal_order(const Ops& ops, const Sources& sources) {
  Relation before = session_order(ops);
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (ops[i].needs.has_value() && sources[i] != nobody) {
      before[i] |= bit(static_cast<std::size_t>(sources[i]));
    }
  }
  return closed(std::move(before));
}

bool is_causal(const Ops& ops, const Relation& co) {
  for (std::size_t o = 0; o < ops.size(); ++o) {
    if (!ops[o].needs.has_value()) continue;
    if (!Linearization(ops, co, co[o] | bit(o), bit(o)).exists()) return false;
  }
  return true;
}

bool is_causal_memory(const Ops& ops, const Relation& co) {
  const Relation own = session_order(ops);
  for (std::size_t o = 0; o < ops.size(); ++o) {
    if (!Linearization(ops, co, co[o] | bit(o), own[o] | bit(o)).exists()) return false;
  }
  return true;
}

/// One order of all operations, each read returning the last in its causal past.
bool is_convergent(const Ops& ops, const Relation& co) {
  std::vector<std::size_t> order;
  const auto place = [&](auto&& self, Mask placed) -> bool {
    if (order.size() == ops.size()) return true;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (in(placed, i) || (co[i] & ~placed) != 0) continue;
      int value = 0;
      for (const std::size_t a : order) {
        if (in(co[i], a) && ops[a].key == ops[i].key && ops[a].leaves) value = *ops[a].leaves;
      }
      if (ops[i].needs.has_value() && value != *ops[i].needs) continue;
      order.push_back(i);
      if (self(self, placed | bit(i))) return true;
      order.pop_back();
    }
    return false;
  };
  return place(place, 0);
}

/// Causal memory where values repeat: the sources of one read may differ between views, so every
/// partial order is tried. At most four operations.
bool any_causal_memory(const Ops& ops) {
  const Relation own = session_order(ops);
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (std::size_t a = 0; a < ops.size(); ++a) {
    for (std::size_t b = 0; b < ops.size(); ++b) {
      if (a != b) pairs.emplace_back(a, b);
    }
  }
  for (std::uint32_t choice = 0; choice < (1U << pairs.size()); ++choice) {
    Relation co = own;
    for (std::size_t p = 0; p < pairs.size(); ++p) {
      if (((choice >> p) & 1U) != 0) co[pairs[p].second] |= bit(pairs[p].first);
    }
    const auto whole = closed(co);
    if (whole == co && is_causal_memory(ops, co)) return true;
  }
  return false;
}

bool is_pram(const Ops& ops) {
  const Relation before = session_order(ops);
  for (const Op& reader : ops) {
    Mask members = 0;
    Mask own = 0;
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].session == reader.session) own |= bit(i);
      if (ops[i].leaves.has_value()) members |= bit(i);
    }
    if (!Linearization(ops, before, members | own, own).exists()) return false;
  }
  return true;
}

bool is_sequential(const Ops& ops) {
  const Mask all = static_cast<Mask>(bit(ops.size()) - 1);
  const Relation before = session_order(ops);
  return Linearization(ops, before, all, all).exists();
}

enum class Guarantee { own_writes, reads, writes, follow };

/// One session, one order of writes: are the least sets of visible writes good enough?
bool explains(const Ops& ops, const Sources& sources, int session, Guarantee guarantee,
              const std::vector<std::size_t>& order) {
  std::vector<std::size_t> rank(ops.size(), 0);
  for (std::size_t i = 0; i < order.size(); ++i) rank[order[i]] = i;
  Mask own = 0;
  Mask visible = 0;
  const auto must_bring = [&](std::size_t write) {
    Mask brought = 0;
    for (std::size_t i = 0; i <= write; ++i) {
      if (ops[i].session != ops[write].session) continue;
      if (guarantee == Guarantee::writes && i < write && ops[i].leaves) brought |= bit(i);
      if (guarantee == Guarantee::follow && ops[i].needs && sources[i] != nobody) {
        brought |= bit(static_cast<std::size_t>(sources[i]));
      }
    }
    return brought;
  };
  for (std::size_t r = 0; r < ops.size(); ++r) {
    if (ops[r].session != session) continue;
    if (ops[r].needs.has_value()) {
      if (guarantee == Guarantee::own_writes) visible = own;
      if (sources[r] != nobody) visible |= bit(static_cast<std::size_t>(sources[r]));
      for (bool grew = true; grew;) {
        grew = false;
        for (std::size_t w = 0; w < ops.size(); ++w) {
          if (!in(visible, w)) continue;
          const Mask brought = must_bring(w);
          grew = grew || (brought & ~visible) != 0;
          visible |= brought;
          for (std::size_t b = 0; b < ops.size(); ++b) {
            if (in(brought, b) && rank[b] >= rank[w]) return false;
          }
        }
      }
      for (std::size_t w = 0; w < ops.size(); ++w) {
        if (!in(visible, w) || ops[w].key != ops[r].key) continue;
        if (sources[r] == nobody) return false;
        const auto source = static_cast<std::size_t>(sources[r]);
        if (w != source && rank[w] > rank[source]) return false;
      }
    }
    if (ops[r].leaves.has_value()) own |= bit(r);
  }
  return true;
}

bool has_order(const Ops& ops, const Sources& sources, int session, Guarantee guarantee) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    if (ops[i].leaves.has_value()) order.push_back(i);
  }
  do {
    if (explains(ops, sources, session, guarantee, order)) return true;
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

bool is_guaranteed(const Ops& ops, const Sources& sources, Guarantee guarantee) {
  const bool growing = guarantee == Guarantee::writes || guarantee == Guarantee::follow;
  // What may not have happened, and nobody read, is no reason for a process to be let off.
  for (std::size_t i = 0; growing && i < ops.size(); ++i) {
    const bool read =
        std::find(sources.begin(), sources.end(), static_cast<int>(i)) != sources.end();
    if (ops[i].open && !read) return false;
  }
  for (const Op& op : ops) {
    if (growing && !has_order(ops, sources, op.session, Guarantee::reads)) continue;
    if (!has_order(ops, sources, op.session, guarantee)) return false;
  }
  return true;
}

bool are_unique(const Ops& ops) {
  for (std::size_t a = 0; a < ops.size(); ++a) {
    if (ops[a].leaves == 0) return false;
    for (std::size_t b = 0; b < a; ++b) {
      if (ops[a].leaves && ops[a].leaves == ops[b].leaves && ops[a].key == ops[b].key) return false;
    }
  }
  return true;
}

bool holds(const Ops& ops, const std::string& model) {
  if (model == "sequential") return is_sequential(ops);
  if (model == "pram") return is_pram(ops);
  if (model == "causal-memory" && !are_unique(ops)) return any_causal_memory(ops);
  return any_sources(ops, [&](const Sources& sources) {
    if (model == "read-your-writes") return is_guaranteed(ops, sources, Guarantee::own_writes);
    if (model == "monotonic-reads") return is_guaranteed(ops, sources, Guarantee::reads);
    if (model == "monotonic-writes") return is_guaranteed(ops, sources, Guarantee::writes);
    if (model == "writes-follow-reads") return is_guaranteed(ops, sources, Guarantee::follow);
    const auto co = causal_order(ops, sources);
    if (!co.has_value()) return false;
    if (model == "causal") return is_causal(ops, *co);
    if (model == "causal-convergence") return is_convergent(ops, *co);
    return is_causal_memory(ops, *co);
  });
}

}  // namespace

bool satisfies_sessions(const SmallTxns& operations, const std::string& model) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (operations[i].outcome == Outcome::info) open.push_back(i);
  }
  for (std::uint32_t choice = 0; choice < (1U << open.size()); ++choice) {
    Ops ops;
    std::size_t at = 0;
    for (std::size_t i = 0; i < operations.size(); ++i) {
      const SmallTxn& one = operations[i];
      if (one.outcome == Outcome::fail) continue;
      if (one.outcome == Outcome::info && ((choice >> at++) & 1U) == 0) continue;
      Op op{one.session, one.ops.front().key, std::nullopt, std::nullopt,
            one.outcome == Outcome::info};
      for (const SmallOp& part : one.ops) {
        const bool unknown = one.outcome == Outcome::info && one.ops.size() == 1;
        if (part.kind == SmallOp::Kind::write) op.leaves = part.value;
        if (part.kind == SmallOp::Kind::read && !unknown) op.needs = part.value;
      }
      ops.push_back(op);
    }
    if (holds(ops, model)) return true;
  }
  return false;
}

}  // namespace assay::oracle
