// Version orders of lists, from what was read of them.
#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "checker/transactions/graph/findings.h"
#include "checker/transactions/graph/version_orders.h"
#include "checker/transactions/graph/write_index.h"

namespace assay {
namespace {

/// What was noted about some of the transactions, one thread's.
struct Notes {
  Notes(const Transactions& txns, int findings_max) : findings(txns, findings_max) {}

  Findings findings;
  std::string ambiguous;
  std::vector<VersionRead> reads;
  std::vector<std::uint32_t> seen;  ///< by value: the last list that had it
  std::uint32_t lists = 0;
};

class ListOrders {
 public:
  ListOrders(const Transactions& txns, int findings_max)
      : txns_(txns),
        findings_max_(findings_max),
        notes_(txns, findings_max),
        longest_(txns.key_count()) {
    out_.lists = true;
    out_.shown_by.assign(txns.key_count(), no_txn);
    out_.committed.resize(txns.size());
    for (TxnIndex t = 0; t < txns.size(); ++t) {
      out_.committed[t] = txns[t].outcome == Outcome::ok;
    }
  }

  VersionOrders run() {
    tbb::parallel_invoke([&] { writes_.emplace(txns_); }, [&] { find_longest(); });
    for (TxnKey k = 0; k < txns_.key_count(); ++k) {
      if (out_.shown_by[k] != no_txn) leave_out_duplicates(k);
    }
    place_versions();
    note_aborted();
    judge_all();
    out_.findings = std::move(notes_.findings).take();
    out_.ambiguous = std::move(notes_.ambiguous);
    return std::move(out_);
  }

 private:
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  /// What a read says about others: its list without the transaction's own appends before it. None
  /// if these are not at its end.
  std::optional<std::span<const TxnValue>> seen_of_others(std::span<const TxnOp> ops,
                                                          std::size_t at) const {
    auto list = txns_.list(ops[at].value);
    for (std::size_t i = at; i-- > 0;) {
      if (ops[i].key != ops[at].key || ops[i].function != TxnFunction::append) continue;
      if (list.empty() || list.back() != ops[i].value) return std::nullopt;
      list = list.first(list.size() - 1);
    }
    return list;
  }

  /// Calls `visit(txn, key, list)` with every read of lists.
  template <class Visit>
  void each_list(TxnIndex t, const Visit& visit) const {
    if (txns_[t].outcome != Outcome::ok) return;
    const auto ops = txns_.ops(t);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].function != TxnFunction::read_list) continue;
      // Its own appends need not stay where it saw them.
      const auto list = seen_of_others(ops, i);
      if (list.has_value()) visit(t, ops[i].key, *list);
    }
  }

  void find_longest() {
    for (TxnIndex t = 0; t < txns_.size(); ++t) {
      each_list(t, [&](TxnIndex reader, TxnKey key, std::span<const TxnValue> list) {
        if (list.size() <= longest_[key].size()) return;
        longest_[key] = list;
        out_.shown_by[key] = reader;
      });
    }
  }

  /// If the longest list is none that can have been, the longest of the others.
  void leave_out_duplicates(TxnKey wanted) {
    if (!has_duplicate(out_.shown_by[wanted], wanted, longest_[wanted], notes_)) return;
    longest_[wanted] = {};
    out_.shown_by[wanted] = no_txn;
    for (TxnIndex t = 0; t < txns_.size(); ++t) {
      each_list(t, [&](TxnIndex reader, TxnKey key, std::span<const TxnValue> list) {
        if (key != wanted || list.size() <= longest_[key].size()) return;
        if (has_duplicate(reader, key, list, notes_)) return;
        longest_[key] = list;
        out_.shown_by[key] = reader;
      });
    }
  }

  bool has_duplicate(TxnIndex t, TxnKey key, std::span<const TxnValue> list, Notes& notes) const {
    if (notes.seen.size() < txns_.value_count()) notes.seen.resize(txns_.value_count(), 0);
    ++notes.lists;
    for (const TxnValue value : list) {
      if (notes.seen[value] == notes.lists) {
        const std::uint32_t row = writes_->find(key, value);
        if (row != WriteIndex::none && (*writes_)[row].writers > 1) {
          note_ambiguous(key, value, notes);
        } else {
          notes.findings.add("duplicate-elements", key, {t}, {value},
                             "an element that was appended once is in the list twice");
        }
        return true;
      }
      notes.seen[value] = notes.lists;
    }
    return false;
  }

  void note_ambiguous(TxnKey key, TxnValue value, Notes& notes) const {
    if (!notes.ambiguous.empty()) return;
    notes.ambiguous = fmt::format(
        "{} was appended to {} more than once, so that reads of it do not show whose append they "
        "saw",
        to_text(txns_.value(value)), to_text(txns_.key(key)));
  }

  void place_versions() {
    const std::size_t keys = txns_.key_count();
    out_.known.assign(keys, 0);
    out_.begin.assign(keys + 1, 0);
    for (TxnKey k = 0; k < keys; ++k) {
      std::uint32_t position = 0;
      for (const TxnValue value : longest_[k]) {
        const std::uint32_t row = writes_->find(k, value);
        if (row == WriteIndex::none) {
          notes_.findings.add("garbage-read", k, {out_.shown_by[k]}, {value},
                              "nobody appended this element");
        } else {
          (*writes_)[row].position = position;
          if ((*writes_)[row].writers > 1) {
            note_ambiguous(k, value, notes_);
          } else if (!(*writes_)[row].aborted) {
            out_.committed[(*writes_)[row].txn] = true;
          }
        }
        ++position;
      }
      out_.known[k] = position;
    }
    note_indeterminate();
    // What committed and was never read comes after what was: one entry a transaction.
    std::vector<std::pair<TxnKey, std::uint32_t>> unread;
    std::vector<TxnIndex> last(keys, no_txn);
    for (std::uint32_t row = 0; row < writes_->size(); ++row) {
      const WriteIndex::Row& write = (*writes_)[row];
      if (write.twice) note_ambiguous(write.key, write.value, notes_);
      if (write.position != none || write.aborted || !out_.committed[write.txn]) continue;
      if (last[write.key] == write.txn) continue;
      last[write.key] = write.txn;
      unread.emplace_back(write.key, row);
    }
    std::sort(unread.begin(), unread.end(), [&](const auto& a, const auto& b) {
      return std::pair(a.first, (*writes_)[a.second].txn) <
             std::pair(b.first, (*writes_)[b.second].txn);
    });
    unread.erase(std::unique(unread.begin(), unread.end(),
                             [&](const auto& a, const auto& b) {
                               return a.first == b.first &&
                                      (*writes_)[a.second].txn == (*writes_)[b.second].txn;
                             }),
                 unread.end());
    for (const auto& [key, row] : unread) ++out_.begin[key + 1];
    for (TxnKey k = 0; k < keys; ++k) {
      if (out_.begin[k + 1] > 1) out_.every_order_known = false;
      out_.begin[k + 1] += out_.begin[k] + out_.known[k];
    }
    out_.writer.assign(out_.begin.back(), no_txn);
    out_.value.assign(out_.begin.back(), 0);
    for (TxnKey k = 0; k < keys; ++k) {
      std::copy(longest_[k].begin(), longest_[k].end(), out_.value.begin() + at(k, 0));
    }
    for (std::uint32_t row = 0; row < writes_->size(); ++row) {
      const WriteIndex::Row& write = (*writes_)[row];
      // An element of two appends may be anybody's.
      if (write.position != none && write.writers <= 1) {
        out_.writer[out_.begin[write.key] + write.position] = write.txn;
      }
    }
    std::vector<std::uint32_t> next(out_.known);
    for (const auto& [key, row] : unread) {
      const std::size_t place = out_.begin[key] + next[key]++;
      out_.writer[place] = (*writes_)[row].txn;
      out_.value[place] = (*writes_)[row].value;
    }
    note_split_appends();
    note_dirty_updates();
  }
  /// An append of one that proved to have committed, of what somebody else appended too.
  void note_indeterminate() {
    for (TxnIndex t = 0; t < txns_.size(); ++t) {
      if (!out_.committed[t] || txns_[t].outcome == Outcome::ok) continue;
      for (const TxnOp& op : txns_.ops(t)) {
        if (op.writes() && (*writes_)[writes_->find(op.key, op.value)].txn != t) {
          note_ambiguous(op.key, op.value, notes_);
        }
      }
    }
  }
  std::ptrdiff_t at(TxnKey k, std::uint32_t position) const {
    return static_cast<std::ptrdiff_t>(out_.begin[k] + position);
  }

  /// A transaction appends in its order, and what it appended first is there first.
  void note_split_appends() {
    for (std::uint32_t row = 0; row < writes_->size(); ++row) {
      const WriteIndex::Row& write = (*writes_)[row];
      if (write.position == none || write.writers != 1) continue;
      const auto ops = txns_.ops(write.txn);
      for (std::size_t i = write.op - txns_[write.txn].first_op; i-- > 0;) {
        if (ops[i].key != write.key || ops[i].function != TxnFunction::append) continue;
        const WriteIndex::Row& before = (*writes_)[writes_->find(write.key, ops[i].value)];
        if (before.writers == 1 && before.position > write.position) {
          notes_.findings.add(
              "incompatible-order", write.key, {out_.shown_by[write.key], write.txn},
              {before.value, write.value},
              "of two appends of one transaction, the later is in the list without the "
              "earlier before it");
        }
        break;
      }
    }
  }

  void note_aborted() {
    aborted_from_.assign(txns_.key_count(), none);
    for (std::uint32_t row = 0; row < writes_->size(); ++row) {
      const WriteIndex::Row& write = (*writes_)[row];
      if (!write.aborted) continue;
      aborted_from_[write.key] = std::min(aborted_from_[write.key], write.position);
    }
  }

  void note_dirty_updates() {
    for (TxnKey k = 0; k < txns_.key_count(); ++k) {
      TxnIndex dirty = no_txn;
      TxnValue value = 0;
      for (const TxnIndex& writer : out_.known_versions(k)) {
        const std::size_t place = static_cast<std::size_t>(&writer - out_.writer.data());
        if (writer == no_txn) continue;
        if (txns_[writer].outcome == Outcome::fail) {
          dirty = writer;
          value = out_.value[place];
        } else if (dirty != no_txn && txns_[writer].outcome == Outcome::ok) {
          notes_.findings.add("dirty-update", k, {writer, dirty}, {value, out_.value[place]},
                              "a committed append was built upon one that was rolled back");
          break;
        }
      }
    }
  }

  /// In parts, one a thread, whose notes are put together in their order.
  void judge_all() {
    constexpr std::size_t part_min = 20'000;
    const auto threads = static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
    const std::size_t count = std::clamp<std::size_t>(txns_.size() / part_min, 1, threads);
    std::vector<Notes> parts(count, Notes(txns_, findings_max_));
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
      const auto first = static_cast<TxnIndex>(txns_.size() * i / count);
      const auto end = static_cast<TxnIndex>(txns_.size() * (i + 1) / count);
      parts[i].reads.reserve(lists_read(first, end));
      for (TxnIndex t = first; t < end; ++t) {
        if (txns_[t].outcome == Outcome::ok) judge(t, parts[i]);
      }
    });
    for (Notes& notes : parts) {
      if (out_.reads.empty()) {
        out_.reads = std::move(notes.reads);
      } else {
        out_.reads.insert(out_.reads.end(), notes.reads.begin(), notes.reads.end());
      }
      notes_.findings.append(std::move(notes.findings));
      if (notes_.ambiguous.empty()) notes_.ambiguous = std::move(notes.ambiguous);
    }
  }

  std::size_t lists_read(TxnIndex first, TxnIndex end) const {
    std::size_t count = 0;
    for (TxnIndex t = first; t < end; ++t) {
      for (const TxnOp& op : txns_.ops(t)) count += op.function == TxnFunction::read_list ? 1U : 0U;
    }
    return count;
  }

  void judge(TxnIndex t, Notes& notes) const {
    const auto ops = txns_.ops(t);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].function == TxnFunction::read_list) judge_read(t, ops, i, notes);
    }
  }

  void judge_read(TxnIndex t, std::span<const TxnOp> ops, std::size_t i, Notes& notes) const {
    const TxnKey key = ops[i].key;
    const auto others = seen_of_others(ops, i);
    if (!others.has_value()) {
      notes.findings.add("internal", key, {t}, {},
                         "the read does not end with the transaction's own appends");
      return;
    }
    for (std::size_t j = i; j-- > 0;) {
      if (ops[j].key != key || ops[j].function != TxnFunction::read_list) continue;
      const auto before = seen_of_others(ops, j);
      if (before.has_value() &&
          !std::equal(before->begin(), before->end(), others->begin(), others->end())) {
        notes.findings.add(
            "internal", key, {t}, {},
            "two reads of one transaction do not agree with each other and its appends");
      }
      break;
    }
    const auto known = std::span(out_.value).subspan(out_.begin[key], out_.known[key]);
    if (others->size() > known.size() ||
        !std::equal(others->begin(), others->end(), known.begin())) {
      if (has_duplicate(t, key, *others, notes)) return;
      notes.findings.add("incompatible-order", key, {t, out_.shown_by[key]}, {},
                         "neither of two reads is a beginning of the other");
      judge_elements(t, key, *others, notes);
      return;
    }
    const auto position = static_cast<std::uint32_t>(others->size());
    const std::uint32_t op = txns_[t].first_op + static_cast<std::uint32_t>(i);
    // What is read from others must not hold what only the transaction itself appends.
    for (std::size_t j = 0; j < ops.size(); ++j) {
      if (ops[j].key != key || ops[j].function != TxnFunction::append) continue;
      const std::uint32_t row = writes_->find(key, ops[j].value);
      if (row == WriteIndex::none || (*writes_)[row].txn != t || (*writes_)[row].writers != 1 ||
          (*writes_)[row].position >= position) {
        continue;
      }
      if (j > i) {
        notes.findings.add("future-read", key, {t}, {ops[j].value},
                           "the transaction read what it appended only afterwards");
      } else {
        notes.findings.add("duplicate-elements", key, {t}, {ops[j].value},
                           "an element that was appended once is in the list twice");
      }
      return;
    }
    judge_source(t, key, position, notes);
    notes.reads.push_back({t, key, position, op});
  }

  /// Reads that fit the known order: was any of it rolled back, is the last element intermediate?
  void judge_source(TxnIndex t, TxnKey key, std::uint32_t position, Notes& notes) const {
    if (position > aborted_from_[key]) {
      const std::size_t place = out_.begin[key] + aborted_from_[key];
      notes.findings.add("G1a", key, {t, out_.writer[place]}, {out_.value[place]},
                         "the read saw an append that was rolled back");
    }
    if (position == 0) return;
    const std::uint32_t row = writes_->find(key, out_.value[out_.begin[key] + position - 1]);
    if (row != WriteIndex::none && !(*writes_)[row].final && (*writes_)[row].txn != t &&
        (*writes_)[row].writers <= 1) {
      notes.findings.add("G1b", key, {t, (*writes_)[row].txn}, {(*writes_)[row].value},
                         "the read saw an append that its transaction had not finished");
    }
  }

  void judge_elements(TxnIndex t, TxnKey key, std::span<const TxnValue> list, Notes& notes) const {
    for (const TxnValue value : list) {
      const std::uint32_t row = writes_->find(key, value);
      if (row == WriteIndex::none) {
        notes.findings.add("garbage-read", key, {t}, {value}, "nobody appended this element");
      } else if ((*writes_)[row].aborted) {
        notes.findings.add("G1a", key, {t, (*writes_)[row].txn}, {value},
                           "the read saw an append that was rolled back");
      }
    }
  }

  const Transactions& txns_;
  int findings_max_;
  std::optional<WriteIndex> writes_;
  Notes notes_;
  std::vector<std::span<const TxnValue>> longest_;  ///< per key: the longest list seen of others
  std::vector<std::uint32_t> aborted_from_;  ///< per key: the first version that was rolled back
  VersionOrders out_;
};

}  // namespace

VersionOrders orders_of_lists(const Transactions& txns, int findings_max) {
  return ListOrders(txns, findings_max).run();
}

}  // namespace assay
