// Version orders of lists, from what was read of them.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "checker/transactions/graph/findings.h"
#include "checker/transactions/graph/version_orders.h"
#include "checker/transactions/graph/write_index.h"

namespace assay {
namespace {

class ListOrders {
 public:
  ListOrders(const Transactions& txns, int findings_max)
      : txns_(txns),
        writes_(txns),
        findings_(txns, findings_max),
        longest_(txns.key_count(), none) {
    out_.lists = true;
    out_.shown_by.assign(txns.key_count(), no_txn);
    out_.committed.resize(txns.size());
    for (TxnIndex t = 0; t < txns.size(); ++t) {
      out_.committed[t] = txns[t].outcome == Outcome::ok;
    }
  }

  VersionOrders run() {
    for (TxnIndex t = 0; t < txns_.size(); ++t) find_longest(t);
    place_versions();
    for (TxnIndex t = 0; t < txns_.size(); ++t) {
      if (txns_[t].outcome == Outcome::ok) judge(t);
    }
    out_.findings = std::move(findings_).take();
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

  void find_longest(TxnIndex t) {
    if (txns_[t].outcome != Outcome::ok) return;
    const auto ops = txns_.ops(t);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].function != TxnFunction::read_list) continue;
      const auto list = txns_.list(ops[i].value);
      std::uint32_t& longest = longest_[ops[i].key];
      if (longest != none && txns_.list(longest).size() >= list.size()) continue;
      if (!seen_of_others(ops, i).has_value() || has_duplicate(t, ops[i].key, list)) continue;
      longest = ops[i].value;
      out_.shown_by[ops[i].key] = t;
    }
  }

  bool has_duplicate(TxnIndex t, TxnKey key, std::span<const TxnValue> list) {
    // An element's last place in a list that was looked at: `stamp_` tells the lists apart.
    if (seen_.size() < txns_.value_count()) seen_.resize(txns_.value_count(), 0);
    ++stamp_;
    for (const TxnValue value : list) {
      if (seen_[value] == stamp_) {
        const std::uint32_t row = writes_.find(key, value);
        if (row != WriteIndex::none && writes_[row].writers > 1) {
          note_ambiguous(key, value);
        } else {
          findings_.add("duplicate-elements", key, {t}, {value},
                        "an element that was appended once is in the list twice");
        }
        return true;
      }
      seen_[value] = stamp_;
    }
    return false;
  }

  void note_ambiguous(TxnKey key, TxnValue value) {
    if (!out_.ambiguous.empty()) return;
    out_.ambiguous = fmt::format(
        "{} was appended to {} more than once, so that reads of it do not show whose append they "
        "saw",
        to_text(txns_.value(value)), to_text(txns_.key(key)));
  }

  void place_versions() {
    const std::size_t keys = txns_.key_count();
    out_.known.assign(keys, 0);
    out_.begin.assign(keys + 1, 0);
    for (TxnKey k = 0; k < keys; ++k) {
      if (longest_[k] == none) continue;
      std::uint32_t position = 0;
      for (const TxnValue value : txns_.list(longest_[k])) {
        const std::uint32_t row = writes_.find(k, value);
        if (row == WriteIndex::none) {
          findings_.add("garbage-read", k, {out_.shown_by[k]}, {value},
                        "nobody appended this element");
        } else {
          if (writes_[row].writers > 1) note_ambiguous(k, value);
          writes_[row].position = position;
          if (!writes_[row].aborted) out_.committed[writes_[row].txn] = true;
        }
        ++position;
      }
      out_.known[k] = position;
    }
    // What committed and was never read comes after what was: one entry a transaction.
    std::vector<std::pair<TxnKey, std::uint32_t>> unread;
    std::vector<TxnIndex> last(keys, no_txn);
    for (std::uint32_t row = 0; row < writes_.size(); ++row) {
      const WriteIndex::Row& write = writes_[row];
      if (write.position != none || write.aborted || !out_.committed[write.txn]) continue;
      if (last[write.key] == write.txn) continue;
      last[write.key] = write.txn;
      unread.emplace_back(write.key, row);
    }
    std::sort(unread.begin(), unread.end(), [&](const auto& a, const auto& b) {
      return std::pair(a.first, writes_[a.second].txn) < std::pair(b.first, writes_[b.second].txn);
    });
    unread.erase(std::unique(unread.begin(), unread.end(),
                             [&](const auto& a, const auto& b) {
                               return a.first == b.first &&
                                      writes_[a.second].txn == writes_[b.second].txn;
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
      if (longest_[k] == none) continue;
      const auto list = txns_.list(longest_[k]);
      std::copy(list.begin(), list.end(), out_.value.begin() + at(k, 0));
    }
    for (std::uint32_t row = 0; row < writes_.size(); ++row) {
      const WriteIndex::Row& write = writes_[row];
      if (write.position != none) {
        out_.writer[out_.begin[write.key] + write.position] = write.txn;
      }
    }
    std::vector<std::uint32_t> next(out_.known);
    for (const auto& [key, row] : unread) {
      const std::size_t place = out_.begin[key] + next[key]++;
      out_.writer[place] = writes_[row].txn;
      out_.value[place] = writes_[row].value;
    }
    note_dirty_updates();
  }
  std::ptrdiff_t at(TxnKey k, std::uint32_t position) const {
    return static_cast<std::ptrdiff_t>(out_.begin[k] + position);
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
          findings_.add("dirty-update", k, {writer, dirty}, {value, out_.value[place]},
                        "a committed append was built upon one that was rolled back");
          break;
        }
      }
    }
  }

  void judge(TxnIndex t) {
    const auto ops = txns_.ops(t);
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].function == TxnFunction::read_list) judge_read(t, ops, i);
    }
  }

  void judge_read(TxnIndex t, std::span<const TxnOp> ops, std::size_t i) {
    const TxnKey key = ops[i].key;
    const auto others = seen_of_others(ops, i);
    if (!others.has_value()) {
      findings_.add("internal", key, {t}, {},
                    "the read does not end with the transaction's own appends");
      return;
    }
    for (std::size_t j = i; j-- > 0;) {
      if (ops[j].key != key || ops[j].function != TxnFunction::read_list) continue;
      const auto before = seen_of_others(ops, j);
      if (before.has_value() &&
          !std::equal(before->begin(), before->end(), others->begin(), others->end())) {
        findings_.add("internal", key, {t}, {},
                      "two reads of one transaction do not agree with each other and its appends");
      }
      break;
    }
    const auto known = std::span(out_.value).subspan(out_.begin[key], out_.known[key]);
    if (others->size() > known.size() ||
        !std::equal(others->begin(), others->end(), known.begin())) {
      if (has_duplicate(t, key, *others)) return;
      findings_.add("incompatible-order", key, {t, out_.shown_by[key]}, {},
                    "neither of two reads is a beginning of the other");
      judge_elements(t, key, *others, txns_[t].first_op + static_cast<std::uint32_t>(i));
      return;
    }
    const auto position = static_cast<std::uint32_t>(others->size());
    const std::uint32_t op = txns_[t].first_op + static_cast<std::uint32_t>(i);
    // What is read from others must not hold what the transaction appends itself, later on.
    for (std::size_t j = i + 1; j < ops.size(); ++j) {
      if (ops[j].key != key || ops[j].function != TxnFunction::append) continue;
      const std::uint32_t row = writes_.find(key, ops[j].value);
      if (row != WriteIndex::none && writes_[row].txn == t && writes_[row].position < position) {
        findings_.add("future-read", key, {t}, {ops[j].value},
                      "the transaction read what it appended only afterwards");
        return;
      }
    }
    judge_source(t, key, position);
    out_.reads.push_back({t, key, position, op});
  }

  /// Reads that fit the known order: was any of it rolled back, is the last element intermediate?
  void judge_source(TxnIndex t, TxnKey key, std::uint32_t position) {
    if (aborted_from_.empty()) {
      aborted_from_.assign(txns_.key_count(), none);
      for (std::uint32_t row = 0; row < writes_.size(); ++row) {
        const WriteIndex::Row& write = writes_[row];
        if (write.aborted) {
          aborted_from_[write.key] = std::min(aborted_from_[write.key], write.position);
        }
      }
    }
    if (position > aborted_from_[key]) {
      const std::size_t place = out_.begin[key] + aborted_from_[key];
      findings_.add("G1a", key, {t, out_.writer[place]}, {out_.value[place]},
                    "the read saw an append that was rolled back");
    }
    if (position == 0) return;
    const std::uint32_t row = writes_.find(key, out_.value[out_.begin[key] + position - 1]);
    if (row != WriteIndex::none && !writes_[row].final && writes_[row].txn != t) {
      findings_.add("G1b", key, {t, writes_[row].txn}, {writes_[row].value},
                    "the read saw an append that its transaction had not finished");
    }
  }

  void judge_elements(TxnIndex t, TxnKey key, std::span<const TxnValue> list, std::uint32_t op) {
    static_cast<void>(op);
    for (const TxnValue value : list) {
      const std::uint32_t row = writes_.find(key, value);
      if (row == WriteIndex::none) {
        findings_.add("garbage-read", key, {t}, {value}, "nobody appended this element");
      } else if (writes_[row].aborted) {
        findings_.add("G1a", key, {t, writes_[row].txn}, {value},
                      "the read saw an append that was rolled back");
      }
    }
  }

  const Transactions& txns_;
  WriteIndex writes_;
  Findings findings_;
  std::vector<std::uint32_t> longest_;  ///< per key: the number of its longest list
  std::vector<std::uint32_t> seen_;
  std::uint32_t stamp_ = 0;
  std::vector<std::uint32_t> aborted_from_;
  VersionOrders out_;
};

}  // namespace

VersionOrders orders_of_lists(const Transactions& txns, int findings_max) {
  return ListOrders(txns, findings_max).run();
}

}  // namespace assay
