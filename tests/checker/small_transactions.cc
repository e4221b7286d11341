#include "small_transactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <utility>

namespace assay::small {
namespace {

struct Axioms {
  bool session = false;
  bool real_time = false;
  bool all_earlier_seen = false;  ///< VIS = AR
  bool prefix = false;            ///< AR ; VIS in VIS
  bool no_conflict = false;       ///< writers of a key see each other
};

Axioms axioms_of(std::string_view model) {
  if (model == "serializable") return {false, false, true, true, true};
  if (model == "strong-session-serializable") return {true, false, true, true, true};
  if (model == "strict-serializable") return {true, true, true, true, true};
  if (model == "snapshot-isolation") return {false, false, false, true, true};
  if (model == "strong-session-snapshot-isolation") return {true, false, false, true, true};
  if (model == "strong-snapshot-isolation") return {true, true, false, true, true};
  if (model == "prefix") return {true, false, false, true, false};
  return {true, false, false, false, true};  // parallel-snapshot-isolation
}

bool writes(const Transaction& t, int key) {
  return std::any_of(t.ops.begin(), t.ops.end(),
                     [&](const Op& op) { return op.write && op.key == key; });
}

bool conflict(const Transaction& a, const Transaction& b) {
  return std::any_of(a.ops.begin(), a.ops.end(),
                     [&](const Op& op) { return op.write && writes(b, op.key); });
}

/// INT and EXT: the reads of `t` on top of the transactions of `seen`, in their order.
bool explains(const std::vector<const Transaction*>& seen, const Transaction& t, bool lists) {
  std::map<int, Content> state;
  for (const Transaction* s : seen) {
    for (const Op& op : s->ops) {
      if (op.write) apply(op, lists, state[op.key]);
    }
  }
  for (const Op& op : t.ops) {
    if (op.write) {
      apply(op, lists, state[op.key]);
    } else if (t.outcome == End::ok && state[op.key] != op.seen) {
      return false;
    }
  }
  return true;
}

class Definition {
 public:
  Definition(const Axioms& axioms, std::vector<Transaction> committed, bool lists)
      : axioms_(axioms), lists_(lists), txns_(std::move(committed)) {}

  bool holds() {
    order_.resize(txns_.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    do {
      if (respects_order() && visible_from(0)) return true;
    } while (std::next_permutation(order_.begin(), order_.end()));
    return false;
  }

 private:
  /// Must `a` be seen by `b`? An indeterminate one may take effect at any later time.
  bool must_precede(const Transaction& a, const Transaction& b) const {
    if (a.outcome != End::ok || a.end > b.start) return false;
    return axioms_.real_time || (axioms_.session && a.session == b.session);
  }
  bool respects_order() const {
    for (std::size_t i = 0; i < order_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (must_precede(txns_[order_[i]], txns_[order_[j]])) return false;
      }
    }
    return true;
  }
  /// Chooses what the transactions from position `at` of the arbitration see: sets of positions.
  bool visible_from(std::size_t at) {
    if (at == order_.size()) return true;
    sees_.resize(order_.size());
    const Transaction& t = txns_[order_[at]];
    const unsigned all = (1U << at) - 1;
    unsigned needed = axioms_.all_earlier_seen ? all : 0;
    for (std::size_t i = 0; i < at; ++i) {
      const Transaction& earlier = txns_[order_[i]];
      if (must_precede(earlier, t) || (axioms_.no_conflict && conflict(earlier, t))) {
        needed |= 1U << i;
      }
    }
    for (unsigned set = 0; set <= all; ++set) {
      if ((set & needed) != needed || !closed(set)) continue;
      std::vector<const Transaction*> seen;
      for (std::size_t i = 0; i < at; ++i) {
        if ((set >> i & 1U) != 0) seen.push_back(&txns_[order_[i]]);
      }
      if (!explains(seen, t, lists_)) continue;
      sees_[at] = set;
      if (visible_from(at + 1)) return true;
    }
    return false;
  }
  /// With a transaction, is all seen that must be: everything before it, or all it saw itself.
  bool closed(unsigned set) const {
    for (std::size_t i = 0; set >> i != 0; ++i) {
      if ((set >> i & 1U) == 0) continue;
      const unsigned with = axioms_.prefix ? (1U << i) - 1 : sees_[i];
      if ((set & with) != with) return false;
    }
    return true;
  }

  Axioms axioms_;
  bool lists_;
  std::vector<Transaction> txns_;
  std::vector<std::size_t> order_;
  std::vector<unsigned> sees_;
};

Value value_of(const Op& op, bool lists, bool returned) {
  if (op.write) return op.value == 0 && !lists ? Value() : Value(op.value);
  if (!returned || (!lists && op.seen.empty())) return {};
  if (!lists) return op.seen[0];
  Value::List elements;
  for (const int element : op.seen) elements.emplace_back(element);
  return elements;
}

Value micro_operations(const Transaction& t, bool lists, bool returned) {
  Value::List list;
  for (const Op& op : t.ops) {
    list.push_back(Value::List{!op.write ? "r"
                               : lists   ? "append"
                                         : "w",
                               op.key, value_of(op, lists, returned)});
  }
  return list;
}

End random_end(Random& random, double doubtful) {
  const double drawn = random.unit();
  return drawn < doubtful ? End::fail : drawn < 2 * doubtful ? End::info : End::ok;
}

}  // namespace

Transactions random_transactions(Random& random, const Shape& shape) {
  Transactions all;
  // Events: each step a session begins its next transaction or ends the open one.
  std::vector<std::optional<std::size_t>> open(static_cast<std::size_t>(shape.sessions));
  int now = 0;
  int begun = 0;
  const auto any_open = [&] {
    return std::any_of(open.begin(), open.end(), [](const auto& o) { return o.has_value(); });
  };
  while (begun < shape.transactions || any_open()) {
    const auto s = static_cast<std::size_t>(random.below(open.size()));
    if (open[s].has_value()) {
      all[*open[s]].end = now++;
      open[s].reset();
      continue;
    }
    if (begun == shape.transactions) continue;
    open[s] = all.size();
    all.push_back({static_cast<int>(s), now++, 0, random_end(random, shape.doubtful), {}});
    ++begun;
  }
  // Effects, one transaction after the other in some order close to that of time.
  std::vector<std::size_t> order(all.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t i = 1; i < order.size(); ++i) {
    if (random.chance(0.6)) std::swap(order[i - 1], order[i]);
  }
  std::vector<std::vector<Content>> versions(static_cast<std::size_t>(shape.keys), {Content{}});
  int next_value = 1;
  for (const std::size_t t : order) {
    const auto count = random.between(1, shape.ops);
    std::map<int, Content> own;
    for (std::int64_t i = 0; i < count; ++i) {
      const int key = static_cast<int>(random.below(static_cast<std::uint64_t>(shape.keys)));
      auto& history = versions[static_cast<std::size_t>(key)];
      Content content = history.back();
      if (own.count(key) != 0 && !random.chance(shape.stale / 10)) {
        content = own[key];
      } else if (random.chance(shape.stale)) {
        content = random.pick(history);
      }
      Op op{random.chance(0.5), key, 0, {}};
      if (op.write) {
        op.value = shape.unique ? next_value++ : static_cast<int>(random.below(3));
        apply(op, shape.lists, content);
        own[key] = content;
        if (random.chance(shape.dirty)) history.push_back(content);
      } else {
        if (shape.lists && content.size() > 1 && random.chance(shape.stale / 20)) {
          std::swap(content[0], content.back());
        }
        op.seen = content;
        if (own.count(key) == 0) own[key] = content;
      }
      all[t].ops.push_back(std::move(op));
    }
    if (all[t].outcome == End::fail && !random.chance(0.1)) continue;
    for (const auto& [key, content] : own) {
      if (writes(all[t], key)) versions[static_cast<std::size_t>(key)].push_back(content);
    }
  }
  return all;
}

void apply(const Op& write, bool lists, Content& content) {
  if (!lists) content.clear();
  if (lists || write.value != 0) content.push_back(write.value);
}

History history_of(const Transactions& transactions, bool lists) {
  std::map<int, Event> events;
  for (const Transaction& t : transactions) {
    Event invoke;
    invoke.process = ProcessId{t.session};
    invoke.f = "txn";
    invoke.type = EventType::invoke;
    invoke.value = micro_operations(t, lists, false);
    Event complete = invoke;
    complete.type = t.outcome == End::ok     ? EventType::ok
                    : t.outcome == End::fail ? EventType::fail
                                             : EventType::info;
    complete.value = micro_operations(t, lists, t.outcome == End::ok);
    events[t.start] = invoke;
    events[t.end] = complete;
  }
  HistoryInfo info;
  info.datatype = lists ? "list-append" : "rw-register";
  info.real_time = RealTime::position;
  HistoryBuilder builder(info);
  for (auto& [at, event] : events) {
    event.index = static_cast<std::uint64_t>(at);
    if (auto status = builder.add(event); !status) throw std::runtime_error(status.error().message);
  }
  auto history = builder.finish();
  if (!history) throw std::runtime_error(history.error().message);
  return std::move(history).value();
}

std::string text_of(const Transactions& transactions) {
  std::string text;
  for (const Transaction& t : transactions) {
    text += fmt::format("event {} to {}, session {}, {}:", t.start, t.end, t.session,
                        t.outcome == End::ok     ? "ok"
                        : t.outcome == End::fail ? "fail"
                                                 : "info");
    for (const Op& op : t.ops) {
      if (op.write) text += fmt::format(" w{}={}", op.key, op.value);
      if (!op.write) text += fmt::format(" r{}=[{}]", op.key, fmt::join(op.seen, " "));
    }
    text += '\n';
  }
  return text;
}

bool allows(std::string_view model, const Transactions& transactions, bool lists) {
  return any_committed_set(transactions, [&](const Transactions& committed) {
    return Definition(axioms_of(model), committed, lists).holds();
  });
}

}  // namespace assay::small
