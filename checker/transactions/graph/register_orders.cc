// Version orders of registers: what transactions that read and write the same key show.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "checker/transactions/graph/findings.h"
#include "checker/transactions/graph/version_orders.h"
#include "checker/transactions/graph/write_index.h"

namespace assay {
namespace {

class RegisterOrders {
 public:
  RegisterOrders(const Transactions& txns, int findings_max)
      : txns_(txns), writes_(txns), findings_(txns, findings_max) {
    out_.shown_by.assign(txns.key_count(), no_txn);
    out_.committed.resize(txns.size());
    for (TxnIndex t = 0; t < txns.size(); ++t) {
      out_.committed[t] = txns[t].outcome == Outcome::ok;
    }
  }

  VersionOrders run() {
    for (TxnIndex t = 0; t < txns_.size(); ++t) commit_what_was_read(t);
    note_indeterminate();
    list_versions();
    for (TxnIndex t = 0; t < txns_.size(); ++t) {
      if (txns_[t].outcome == Outcome::ok) judge(t);
    }
    follow_chains();
    out_.findings = std::move(findings_).take();
    return std::move(out_);
  }

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  void note_ambiguous(TxnKey key, TxnValue value) {
    if (!out_.ambiguous.empty()) return;
    out_.ambiguous = fmt::format(
        "{} was written to {} more than once, so that reads of it do not show whose write they saw",
        to_text(txns_.value(value)), to_text(txns_.key(key)));
  }

  /// Does a read of it not show whose write it saw?
  static bool is_ambiguous(const WriteIndex::Row& write) {
    return write.writers > (write.value == initial_value ? 0U : 1U);
  }

  void commit_what_was_read(TxnIndex t) {
    if (txns_[t].outcome != Outcome::ok) return;
    for (const TxnOp& op : txns_.ops(t)) {
      if (op.function != TxnFunction::read || op.value == unread) continue;
      const std::uint32_t row = writes_.find(op.key, op.value);
      if (row == WriteIndex::none) continue;
      if (is_ambiguous(writes_[row])) {
        note_ambiguous(op.key, op.value);
      } else if (!writes_[row].aborted) {
        out_.committed[writes_[row].txn] = true;
      }
    }
  }

  /// A write of one that proved to have committed, of what somebody else wrote too.
  void note_indeterminate() {
    for (TxnIndex t = 0; t < txns_.size(); ++t) {
      if (!out_.committed[t] || txns_[t].outcome == Outcome::ok) continue;
      for (const TxnOp& op : txns_.ops(t)) {
        if (op.writes() && writes_[writes_.find(op.key, op.value)].txn != t) {
          note_ambiguous(op.key, op.value);
        }
      }
    }
  }

  /// The versions of each key: the last write of every committed transaction.
  void list_versions() {
    const std::size_t keys = txns_.key_count();
    out_.begin.assign(keys + 1, 0);
    out_.known.assign(keys, 0);
    const auto is_version = [&](const WriteIndex::Row& write) {
      return write.final && !write.aborted && out_.committed[write.txn];
    };
    for (std::uint32_t row = 0; row < writes_.size(); ++row) {
      const WriteIndex::Row& write = writes_[row];
      if (write.twice || (write.value == initial_value && is_version(write))) {
        note_ambiguous(write.key, write.value);
      }
      if (is_version(writes_[row])) ++out_.begin[writes_[row].key + 1];
    }
    for (TxnKey k = 0; k < keys; ++k) out_.begin[k + 1] += out_.begin[k];
    out_.writer.resize(out_.begin.back());
    out_.value.resize(out_.begin.back());
    std::vector<std::size_t> next(out_.begin.begin(), out_.begin.end() - 1);
    std::vector<std::uint32_t> rows(writes_.size());
    std::iota(rows.begin(), rows.end(), 0U);
    const auto by_txn = [&](std::uint32_t a, std::uint32_t b) {
      return writes_[a].txn < writes_[b].txn;
    };
    if (!std::is_sorted(rows.begin(), rows.end(), by_txn)) {
      std::sort(rows.begin(), rows.end(), by_txn);
    }
    for (const std::uint32_t row : rows) {
      WriteIndex::Row& write = writes_[row];
      if (!is_version(write)) continue;
      const std::size_t place = next[write.key]++;
      write.position = static_cast<std::uint32_t>(place - out_.begin[write.key]);
      out_.writer[place] = write.txn;
      out_.value[place] = write.value;
    }
    successor_of_.assign(out_.writer.size(), none);
    first_of_.assign(keys, none);
  }

  void judge(TxnIndex t) {
    const auto ops = txns_.ops(t);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].function == TxnFunction::read && ops[i].value != unread) judge_read(t, ops, i);
    }
  }

  void judge_read(TxnIndex t, std::span<const TxnOp> ops, std::size_t i) {
    const TxnOp& read = ops[i];
    std::size_t before = i;  // the last operation that says what the read should return
    for (std::size_t j = i; j-- > 0;) {
      if (ops[j].key != read.key || ops[j].value == unread) continue;
      if (before == i) before = j;
      // Of others it reads only what it has not written.
      if (!ops[j].writes()) continue;
      judge_internal(t, ops[before], read);
      return;
    }
    if (before != i) judge_internal(t, ops[before], read);
    const std::uint32_t op = txns_[t].first_op + static_cast<std::uint32_t>(i);
    if (before != i && ops[before].value == read.value) {
      if (before + 1 != i) note_again(t, read, op);
      return;
    }
    const std::uint32_t row = writes_.find(read.key, read.value);
    std::uint32_t version = none;  // the initial one
    if (row == WriteIndex::none) {
      if (read.value != initial_value) {
        findings_.add("garbage-read", read.key, {t}, {read.value}, "nobody wrote this value");
        note_update(t, ops, i, read, none, true);
        return;
      }
    } else if (is_ambiguous(writes_[row])) {
      return;
    } else if (const WriteIndex::Row& write = writes_[row];
               write.value == initial_value && write.aborted) {
      // Nobody wrote it: it is the initial one.
    } else if (write.txn == t) {
      findings_.add("future-read", read.key, {t}, {read.value},
                    "the transaction read what it wrote only afterwards");
      return;
    } else if (write.aborted) {
      findings_.add("G1a", read.key, {t, write.txn}, {read.value},
                    "the read saw a write that was rolled back");
      return;
    } else if (!write.final) {
      findings_.add("G1b", read.key, {t, write.txn}, {read.value},
                    "the read saw a write that its transaction replaced before it committed");
      return;
    } else {
      version = write.position;
    }
    out_.reads.push_back({t, read.key, version == none ? 0 : version + 1, op});
    note_update(t, ops, i, read, version, false);
  }

  void judge_internal(TxnIndex t, const TxnOp& before, const TxnOp& read) {
    if (before.value == read.value) return;
    findings_.add("internal", read.key, {t}, {before.value, read.value},
                  before.writes() ? "the read did not return what the transaction wrote before"
                                  : "two reads of one transaction do not agree");
  }

  /// What an earlier read of the transaction returned was judged there. What it has seen of others
  /// in between, the new read may miss.
  void note_again(TxnIndex t, const TxnOp& read, std::uint32_t op) {
    for (auto at = out_.reads.rbegin(); at != out_.reads.rend() && at->reader == t; ++at) {
      if (at->key != read.key || txns_.all_ops()[at->op].value != read.value) continue;
      out_.reads.push_back({t, read.key, at->position, op});
      return;
    }
  }

  /// A transaction that read a version and writes the key later on puts its own after it.
  void note_update(TxnIndex t, std::span<const TxnOp> ops, std::size_t i, const TxnOp& read,
                   std::uint32_t version, bool garbage) {
    std::uint32_t own = none;
    for (std::size_t j = i + 1; j < ops.size(); ++j) {
      if (ops[j].writes() && ops[j].key == read.key) {
        const WriteIndex::Row& write = writes_[writes_.find(read.key, ops[j].value)];
        own = write.txn == t && !is_ambiguous(write) ? write.position : none;
      }
    }
    if (own == none) return;
    if (garbage) {
      note_lost_update(t, read);
      return;
    }
    const std::size_t base = out_.begin[read.key];
    std::uint32_t& successor =
        version == none ? first_of_[read.key] : successor_of_[base + version];
    if (successor != none && successor != own) {
      findings_.add("lost-update", read.key, {out_.writer[base + successor], t}, {read.value},
                    "both read the same version and replaced it");
    } else {
      successor = own;
    }
    out_.steps.push_back(
        {read.key, version == none ? initial_version : static_cast<std::uint32_t>(base) + version,
         static_cast<std::uint32_t>(base) + own});
  }

  /// Two updates of a version whose writer is not in the history.
  void note_lost_update(TxnIndex t, const TxnOp& read) {
    for (const auto& [key, value, txn] : orphans_) {
      if (key == read.key && value == read.value && txn != t) {
        findings_.add("lost-update", key, {txn, t}, {value},
                      "both read the same version and replaced it");
        return;
      }
    }
    if (orphans_.size() < orphans_max) orphans_.push_back({read.key, read.value, t});
  }

  /// Where the updates form one chain through all versions, that is the order.
  void follow_chains() {
    std::vector<std::uint32_t> place_of(out_.writer.size());
    std::vector<bool> chained(txns_.key_count(), false);
    for (TxnKey k = 0; k < txns_.key_count(); ++k) {
      const std::size_t base = out_.begin[k];
      const auto count = static_cast<std::uint32_t>(out_.begin[k + 1] - base);
      std::vector<std::uint32_t> order;
      for (std::uint32_t at = first_of_[k]; at != none && order.size() <= count;
           at = successor_of_[base + at]) {
        order.push_back(at);
      }
      // A single version needs no chain: it comes after the initial one.
      if (order.empty() && count == 1) order.push_back(0);
      if (order.size() != count) {
        if (count > 1) out_.every_order_known = false;
        find_circle(k);
        continue;
      }
      chained[k] = true;
      out_.known[k] = count;
      std::vector<TxnIndex> writer(count);
      std::vector<TxnValue> value(count);
      for (std::uint32_t i = 0; i < count; ++i) {
        place_of[base + order[i]] = i;
        writer[i] = out_.writer[base + order[i]];
        value[i] = out_.value[base + order[i]];
      }
      std::copy(writer.begin(), writer.end(),
                out_.writer.begin() + static_cast<std::ptrdiff_t>(base));
      std::copy(value.begin(), value.end(), out_.value.begin() + static_cast<std::ptrdiff_t>(base));
    }
    for (VersionRead& read : out_.reads) {
      if (chained[read.key] && read.position != 0) {
        read.position = place_of[out_.begin[read.key] + read.position - 1] + 1;
      }
    }
    std::erase_if(out_.steps, [&](const VersionStep& step) { return chained[step.key]; });
  }

  /// Versions that replaced each other in a circle.
  void find_circle(TxnKey k) {
    const std::size_t base = out_.begin[k];
    std::vector<std::uint32_t> met(out_.begin[k + 1] - base, none);  // by the walk from there
    for (std::uint32_t start = 0; start < met.size(); ++start) {
      std::uint32_t at = start;
      for (; at != none && met[at] == none; at = successor_of_[base + at]) met[at] = start;
      if (at == none || met[at] != start) continue;
      std::vector<TxnIndex> circle;
      const std::uint32_t first = at;
      do {
        circle.push_back(out_.writer[base + at]);
        at = successor_of_[base + at];
      } while (at != first);
      if (circle.size() > circle_max) continue;
      findings_.add("cyclic-versions", k, circle, {},
                    "each of these transactions replaced what it had read from the one before");
    }
  }

  struct Orphan {
    TxnKey key;
    TxnValue value;
    TxnIndex txn;
  };
  static constexpr std::size_t orphans_max = 1000;
  static constexpr std::size_t circle_max = 100;

  const Transactions& txns_;
  WriteIndex writes_;
  Findings findings_;
  std::vector<std::uint32_t> successor_of_;  ///< per version: the one that an update put after it
  std::vector<std::uint32_t> first_of_;      ///< per key: after the initial version
  std::vector<Orphan> orphans_;
  VersionOrders out_;
};

}  // namespace

VersionOrders orders_of_registers(const Transactions& txns, int findings_max) {
  return RegisterOrders(txns, findings_max).run();
}

}  // namespace assay
