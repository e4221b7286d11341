#include "checker/transactions/polygraph/facts.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <utility>

namespace assay::polygraph {
namespace {

/// Writes by key and value: a hash table whose entries form a list per value.
class Writers {
 public:
  struct Entry {
    std::uint64_t name;
    TxnIndex txn;
    bool final;  ///< no later write of the transaction to the key
    std::uint32_t next;
  };
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  explicit Writers(std::size_t writes)
      : mask_(std::bit_ceil(2 * writes + 2) - 1), table_(mask_ + 1, none) {
    entries_.reserve(writes);
  }
  void add(TxnKey key, TxnValue value, TxnIndex txn, bool final) {
    const std::uint64_t name = name_of(key, value);
    std::uint32_t& head = table_[slot(name)];
    entries_.push_back({name, txn, final, head});
    head = static_cast<std::uint32_t>(entries_.size() - 1);
  }
  std::uint32_t first(TxnKey key, TxnValue value) const {
    return table_[slot(name_of(key, value))];
  }
  const Entry& operator[](std::uint32_t entry) const { return entries_[entry]; }

 private:
  static std::uint64_t name_of(TxnKey key, TxnValue value) {
    return (std::uint64_t{key} << 32U) | value;
  }
  std::size_t slot(std::uint64_t name) const {
    std::size_t at = (name * 0x9e3779b97f4a7c15ULL >> 20U) & mask_;
    while (table_[at] != none && entries_[table_[at]].name != name) at = (at + 1) & mask_;
    return at;
  }
  std::size_t mask_;
  std::vector<std::uint32_t> table_;
  std::vector<Entry> entries_;
};

class Gatherer {
 public:
  Gatherer(const Transactions& transactions, std::size_t max_refutations)
      : transactions_(transactions),
        max_refutations_(max_refutations),
        writers_(transactions.all_ops().size()) {}

  Gathered run() {
    for (TxnIndex t = 0; t < transactions_.size(); ++t) add_writes(t);
    read_from_.assign(transactions_.size(), false);
    for (TxnIndex t = 0; t < transactions_.size(); ++t) {
      if (transactions_[t].outcome == Outcome::ok) find_reads(t);
    }
    if (out_.refutations.empty()) add_nodes();
    return std::move(out_);
  }

 private:
  void add_writes(TxnIndex t) {
    const auto ops = transactions_.ops(t);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (!ops[i].writes()) continue;
      const bool final = std::none_of(
          ops.begin() + static_cast<std::ptrdiff_t>(i) + 1, ops.end(),
          [&](const TxnOp& later) { return later.writes() && later.key == ops[i].key; });
      writers_.add(ops[i].key, ops[i].value, t, final);
    }
  }

  void find_reads(TxnIndex t) {
    const auto ops = transactions_.ops(t);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].writes() || ops[i].value == unread) continue;
      const TxnOp* before = nullptr;
      for (std::size_t j = 0; j < i; ++j) {
        if (ops[j].key == ops[i].key && ops[j].value != unread) before = &ops[j];
      }
      if (before == nullptr) {
        find_candidates(t, ops[i]);
      } else if (before->value != ops[i].value) {
        refute("internal", {t}, ops[i]);
      }
    }
  }

  void find_candidates(TxnIndex t, const TxnOp& op) {
    bool found = op.value == initial_value;
    std::optional<TxnIndex> aborted;
    std::optional<TxnIndex> intermediate;
    bool own = false;
    for (auto e = writers_.first(op.key, op.value); e != Writers::none; e = writers_[e].next) {
      const auto& entry = writers_[e];
      if (entry.txn == t) {
        own = true;
      } else if (transactions_[entry.txn].outcome == Outcome::fail) {
        aborted = entry.txn;
      } else if (!entry.final) {
        intermediate = entry.txn;
      } else {
        found = true;
        read_from_[entry.txn] = true;
      }
    }
    if (found) return;
    if (intermediate.has_value()) {
      refute("G1b", {t, *intermediate}, op);
    } else if (aborted.has_value()) {
      refute("G1a", {t, *aborted}, op);
    } else {
      refute(own ? "future-read" : "garbage-read", {t}, op);
    }
  }

  void refute(std::string type, std::vector<TxnIndex> txns, const TxnOp& op) {
    if (out_.refutations.size() >= max_refutations_) return;
    out_.refutations.push_back({std::move(type), std::move(txns), op.key, op.value});
  }

  void add_nodes() {
    Facts& facts = out_.facts;
    facts.key_count = transactions_.key_count();
    facts.key_names.resize(facts.key_count);
    for (TxnKey k = 0; k < facts.key_count; ++k) facts.key_names[k] = k;
    facts.session_count = transactions_.session_count();
    std::vector<std::uint32_t> place(facts.session_count, 0);
    node_of_.assign(transactions_.size(), initial_writer);
    for (TxnIndex t = 0; t < transactions_.size(); ++t) {
      const Txn& txn = transactions_[t];
      const bool certain = txn.outcome == Outcome::ok;
      const std::uint32_t at = place[txn.session]++;
      if (!certain && !(txn.outcome == Outcome::info && read_from_[t])) continue;
      node_of_[t] = static_cast<NodeId>(facts.nodes.size());
      facts.nodes.push_back({t, txn.session, at, txn.start, certain ? txn.end : never, certain, 0,
                             0, static_cast<std::uint32_t>(facts.writes.size()), 0});
      add_final_writes(t, facts.nodes.back());
    }
    for (Node& node : facts.nodes) add_reads(node);
  }

  void add_final_writes(TxnIndex t, Node& node) {
    std::vector<TxnKey>& writes = out_.facts.writes;
    const auto first = static_cast<std::ptrdiff_t>(writes.size());
    for (const TxnOp& op : transactions_.ops(t)) {
      if (op.writes() && std::find(writes.begin() + first, writes.end(), op.key) == writes.end()) {
        writes.push_back(op.key);
      }
    }
    std::sort(writes.begin() + first, writes.end());
    node.write_count = static_cast<std::uint32_t>(writes.size()) - node.first_write;
  }

  void add_reads(Node& node) {
    Facts& facts = out_.facts;
    node.first_read = static_cast<std::uint32_t>(facts.reads.size());
    if (!node.certain) return;
    const auto ops = transactions_.ops(node.txn);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].writes() || ops[i].value == unread) continue;
      const bool external = std::none_of(
          ops.begin(), ops.begin() + static_cast<std::ptrdiff_t>(i),
          [&](const TxnOp& before) { return before.key == ops[i].key && before.value != unread; });
      if (external) add_read(node, ops[i]);
    }
    node.read_count = static_cast<std::uint32_t>(facts.reads.size()) - node.first_read;
  }

  void add_read(const Node& node, const TxnOp& op) {
    Facts& facts = out_.facts;
    const auto first = static_cast<std::uint32_t>(facts.candidates.size());
    if (op.value == initial_value) facts.candidates.push_back(initial_writer);
    for (auto e = writers_.first(op.key, op.value); e != Writers::none; e = writers_[e].next) {
      const auto& entry = writers_[e];
      if (entry.final && entry.txn != node.txn && node_of_[entry.txn] != initial_writer) {
        facts.candidates.push_back(node_of_[entry.txn]);
      }
    }
    facts.reads.push_back(
        {op.key, first, static_cast<std::uint32_t>(facts.candidates.size()) - first});
  }

  const Transactions& transactions_;
  std::size_t max_refutations_;
  Writers writers_;
  std::vector<bool> read_from_;
  std::vector<NodeId> node_of_;
  Gathered out_;
};

}  // namespace

Gathered gather(const Transactions& transactions, std::size_t max_refutations) {
  return Gatherer(transactions, max_refutations).run();
}

Facts Facts::part(std::span<const NodeId> kept) const {
  std::vector<NodeId> now(nodes.size(), initial_writer);
  for (std::size_t i = 0; i < kept.size(); ++i) now[kept[i]] = static_cast<NodeId>(i);
  Facts out;
  for (const NodeId n : kept) {
    Node node = nodes[n];
    node.first_read = static_cast<std::uint32_t>(out.reads.size());
    node.first_write = static_cast<std::uint32_t>(out.writes.size());
    const auto written = writes_of(n);
    out.writes.insert(out.writes.end(), written.begin(), written.end());
    for (const ExternalRead& read : reads_of(n)) {
      const auto from = candidates_of(read);
      const bool inside = std::all_of(from.begin(), from.end(), [&](NodeId w) {
        return w == initial_writer || now[w] != initial_writer;
      });
      if (!inside) continue;
      out.reads.push_back(
          {read.key, static_cast<std::uint32_t>(out.candidates.size()), read.candidate_count});
      for (const NodeId w : from) {
        out.candidates.push_back(w == initial_writer ? initial_writer : now[w]);
      }
    }
    node.read_count = static_cast<std::uint32_t>(out.reads.size()) - node.first_read;
    out.nodes.push_back(node);
  }
  out.number_anew(*this);
  return out;
}

/// Keys and sessions densely again, in their old order, so that small parts are checked in little
/// time.
void Facts::number_anew(const Facts& whole) {
  std::vector<TxnKey> used = writes;
  for (const ExternalRead& read : reads) used.push_back(read.key);
  std::sort(used.begin(), used.end());
  used.erase(std::unique(used.begin(), used.end()), used.end());
  const auto place_in = [](const std::vector<std::uint32_t>& sorted, std::uint32_t old) {
    return static_cast<std::uint32_t>(std::lower_bound(sorted.begin(), sorted.end(), old) -
                                      sorted.begin());
  };
  for (TxnKey& key : writes) key = place_in(used, key);
  for (ExternalRead& read : reads) read.key = place_in(used, read.key);
  key_count = used.size();
  for (const TxnKey key : used) key_names.push_back(whole.key_names[key]);
  std::vector<std::uint32_t> sessions;
  for (const Node& node : nodes) sessions.push_back(node.session);
  std::sort(sessions.begin(), sessions.end());
  sessions.erase(std::unique(sessions.begin(), sessions.end()), sessions.end());
  for (Node& node : nodes) node.session = place_in(sessions, node.session);
  session_count = sessions.size();
}

}  // namespace assay::polygraph
