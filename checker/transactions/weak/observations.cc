#include "checker/transactions/weak/observations.h"

#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "checker/transactions/weak/writers.h"

namespace assay::weak {

std::string_view name_of(Flaw flaw) {
  constexpr std::array<std::string_view, 6> names{
      "thin-air-read", "G1a", "G1b", "internal", "future-read", "duplicate-elements"};
  return names.at(static_cast<std::size_t>(flaw));
}

bool Observations::writes(Node n, TxnKey key) const {
  const auto keys = writes_of(n);
  return std::binary_search(keys.begin(), keys.end(), key);
}

namespace {

/// Finds whose the reads of some transactions are.
class Resolver {
 public:
  Resolver(const Transactions& transactions, Ambiguous ambiguous, const Writers& writers)
      : txns_(transactions), ambiguous_(ambiguous), writers_(writers), out_(transactions) {}

  void read_from(TxnIndex t) {
    const auto ops = txns_.all_ops();
    const std::uint32_t end = txns_[t].first_op + txns_[t].op_count;
    for (std::uint32_t i = txns_[t].first_op; i < end; ++i) {
      const TxnOp& op = ops[i];
      if (op.function == TxnFunction::read_list) {
        read_list(t, i);
      } else if (op.function == TxnFunction::read && op.value != unread) {
        const std::uint32_t own = own_write_before(t, i);
        if (own == no_index) {
          read_value(t, i);
        } else if (ops[own].value != op.value) {
          flaw(Flaw::internal, t, i, own, t + 1);
        }
      }
    }
  }

  /// What was found so far: of `reads`, `flaws` and the like only.
  Observations& found() { return out_; }
  /// Who was read from.
  const std::vector<Node>& effects() const { return effects_; }

 private:
  void flaw(Flaw kind, TxnIndex reader, std::uint32_t op, std::uint32_t source_op, Node source) {
    out_.flaws.push_back({kind, reader + 1, op, source_op, source});
  }

  /// The last own write of the key before `op`, or no_index.
  std::uint32_t own_write_before(TxnIndex t, std::uint32_t op) const {
    const auto ops = txns_.all_ops();
    for (std::uint32_t i = op; i > txns_[t].first_op; --i) {
      if (ops[i - 1].writes() && ops[i - 1].key == ops[op].key) return i - 1;
    }
    return no_index;
  }

  bool is_final(Writer w) const {
    const auto ops = txns_.all_ops();
    for (std::uint32_t i = w.op + 1; i < txns_[w.txn].first_op + txns_[w.txn].op_count; ++i) {
      if (ops[i].writes() && ops[i].key == ops[w.op].key) return false;
    }
    return true;
  }

  void add_read(TxnKey key, Node writer, Node reader, std::uint32_t op) {
    out_.reads.push_back({key, writer, op});
    effects_.push_back(writer);
    if (writer >= reader) out_.wr_forward = false;
  }

  void read_value(TxnIndex t, std::uint32_t i) {
    const TxnOp& op = txns_.all_ops()[i];
    std::optional<Node> found;
    bool several = false;
    std::optional<FlawedRead> excuse;  // why a write of the value is none that could be read
    if (op.value == initial_value) found = initial_node;
    writers_.each(op.key, op.value, [&](Writer w) {
      if (w.txn == t) {
        excuse = FlawedRead{Flaw::future, t + 1, i, w.op, t + 1};
      } else if (txns_[w.txn].outcome == Outcome::fail) {
        if (!excuse) excuse = FlawedRead{Flaw::aborted, t + 1, i, w.op, w.txn + 1};
      } else if (!is_final(w)) {
        if (!excuse) excuse = FlawedRead{Flaw::intermediate, t + 1, i, w.op, w.txn + 1};
      } else if (!found.has_value()) {
        found = w.txn + 1;
      } else if (*found != w.txn + 1) {
        several = true;
        if (ambiguous_ == Ambiguous::latest && could_supply(w.txn, t)) found = w.txn + 1;
      }
    });
    if (several) {
      out_.ambiguous_readers.push_back(t + 1);
      if (ambiguous_ == Ambiguous::leave_out) return;
      out_.guesses.push_back({t + 1, i, *found});
    }
    if (found.has_value()) {
      add_read(op.key, *found, t + 1, i);
    } else if (excuse.has_value()) {
      out_.flaws.push_back(*excuse);
    } else {
      flaw(Flaw::thin_air, t, i, no_index, initial_node);
    }
  }

  /// A guess: what began before the reader's end, or comes first in the file.
  bool could_supply(TxnIndex writer, TxnIndex reader) const {
    return txns_.has_real_time() ? txns_[writer].start <= txns_[reader].end : writer < reader;
  }

  /// The list must end with what the reader appended itself; the rest are other transactions'.
  void read_list(TxnIndex t, std::uint32_t i) {
    out_.lists = true;
    seen_.resize(txns_.all_ops().size(), no_index);
    const auto ops = txns_.all_ops();
    auto elements = txns_.list(ops[i].value);
    own_.clear();
    for (std::uint32_t j = txns_[t].first_op; j < i; ++j) {
      if (ops[j].writes() && ops[j].key == ops[i].key) own_.push_back(ops[j].value);
    }
    if (own_.size() > elements.size() ||
        !std::equal(own_.begin(), own_.end(),
                    elements.end() - static_cast<std::ptrdiff_t>(own_.size()))) {
      flaw(Flaw::internal, t, i, own_write_before(t, i), t + 1);
      return;
    }
    elements = elements.first(elements.size() - own_.size());
    const std::size_t first = out_.reads.size();
    for (std::size_t e = 0; e < elements.size(); ++e) {
      if (!read_element(t, i, elements, e)) {
        out_.reads.resize(first);
        return;
      }
    }
    if (out_.reads.size() == first) add_read(ops[i].key, initial_node, t + 1, i);
    for (std::size_t r = first + 1; r < out_.reads.size(); ++r) {
      out_.versions.push_back({out_.reads[r - 1].writer, out_.reads[r].writer, t + 1, i});
    }
  }

  /// One Read for each transaction whose elements are in the list, in the order of the list.
  bool read_element(TxnIndex t, std::uint32_t i, std::span<const TxnValue> elements,
                    std::size_t e) {
    const TxnKey key = txns_.all_ops()[i].key;
    std::optional<Writer> found;
    std::optional<Writer> excuse;
    bool several = false;
    writers_.each(key, elements[e], [&](Writer w) {
      if (w.txn == t || txns_[w.txn].outcome == Outcome::fail) {
        excuse = w;
      } else if (!found.has_value()) {
        found = w;
      } else {
        several = true;
      }
    });
    if (!found.has_value()) {
      const Flaw kind = !excuse.has_value() ? Flaw::thin_air
                        : excuse->txn == t  ? Flaw::future
                                            : Flaw::aborted;
      flaw(kind, t, i, excuse.has_value() ? excuse->op : no_index,
           excuse.has_value() ? excuse->txn + 1 : initial_node);
      return false;
    }
    if (several) {
      out_.ambiguous_readers.push_back(t + 1);
      if (ambiguous_ == Ambiguous::leave_out) return false;
      out_.guesses.push_back({t + 1, i, found->txn + 1});
    }
    if (std::exchange(seen_[found->op], i) == i) {
      flaw(Flaw::duplicate, t, i, found->op, found->txn + 1);
      return false;
    }
    const std::uint32_t before = append_beside(*found, -1);
    const std::uint32_t after = append_beside(*found, 1);
    const auto is_at = [&](std::uint32_t op, std::size_t at) {
      return at < elements.size() && elements[at] == txns_.all_ops()[op].value;
    };
    if ((before != no_index && (e == 0 || !is_at(before, e - 1))) ||
        (after != no_index && !is_at(after, e + 1))) {
      flaw(Flaw::intermediate, t, i, found->op, found->txn + 1);
      return false;
    }
    if (before == no_index) add_read(key, found->txn + 1, t + 1, i);
    return true;
  }

  /// The same transaction's append to the same key just before or after this one.
  std::uint32_t append_beside(Writer w, int step) const {
    const auto ops = txns_.all_ops();
    const std::uint32_t begin = txns_[w.txn].first_op;
    const std::uint32_t end = begin + txns_[w.txn].op_count;
    for (auto i = w.op + static_cast<std::uint32_t>(step); i >= begin && i < end;
         i += static_cast<std::uint32_t>(step)) {
      if (ops[i].writes() && ops[i].key == ops[w.op].key) return i;
    }
    return no_index;
  }

  const Transactions& txns_;
  Ambiguous ambiguous_;
  const Writers& writers_;
  std::vector<TxnValue> own_;
  std::vector<std::uint32_t> seen_;  ///< by append: the read that met it last
  std::vector<Node> effects_;
  Observations out_;
};

class Observer {
 public:
  Observer(const Transactions& transactions, Ambiguous ambiguous)
      : txns_(transactions),
        ambiguous_(ambiguous),
        writers_(transactions.value_count(), count_writes(transactions)),
        took_effect_(transactions.size() + 1, false),
        out_(transactions) {}

  Observations run() {
    const auto n = static_cast<TxnIndex>(txns_.size());
    for (TxnIndex t = 0; t < n; ++t) {
      const std::uint32_t first = txns_[t].first_op;
      for (std::uint32_t i = 0; i < txns_[t].op_count; ++i) {
        const TxnOp& op = txns_.all_ops()[first + i];
        if (op.writes()) writers_.add(op.key, op.value, {t, first + i});
      }
    }
    writers_.seal();
    while (!resolve_reads()) {
    }
    place_in_sessions();
    collect_writes();
    return std::move(out_);
  }

 private:
  /// False: an indeterminate transaction with reads proved to have taken effect, so they count, and
  /// all must be resolved once more.
  bool resolve_reads() {
    constexpr std::size_t part_min = 20'000;
    const std::vector<bool> before = took_effect_;
    const std::size_t n = txns_.size();
    const auto threads = static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
    const std::size_t count = std::clamp<std::size_t>(n / part_min, 1, threads);
    out_ = Observations(txns_);
    out_.read_begin.assign(n + 2, 0);
    std::vector<Resolver> parts(count, Resolver(txns_, ambiguous_, writers_));
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
      const auto end = static_cast<TxnIndex>(n * (i + 1) / count);
      for (auto t = static_cast<TxnIndex>(n * i / count); t < end; ++t) {
        if (txns_[t].outcome == Outcome::ok || before[t + 1]) parts[i].read_from(t);
        out_.read_begin[t + 2] = static_cast<std::uint32_t>(parts[i].found().reads.size());
      }
    });
    for (std::size_t i = 0; i < count; ++i) {
      const auto first = static_cast<std::uint32_t>(out_.reads.size());
      const std::size_t end = n * (i + 1) / count;
      for (std::size_t t = n * i / count; t < end; ++t) {
        out_.read_begin[t + 2] += first;
        if (txns_[static_cast<TxnIndex>(t)].outcome == Outcome::ok) took_effect_[t + 1] = true;
      }
      take(parts[i]);
    }
    for (TxnIndex t = 0; t < n; ++t) {
      if (txns_[t].outcome == Outcome::info && took_effect_[t + 1] && !before[t + 1] && reads(t)) {
        return false;
      }
    }
    return true;
  }

  void take(Resolver& part) {
    Observations& found = part.found();
    for (const Node writer : part.effects()) took_effect_[writer] = true;
    const auto append = [](auto& all, auto& more) {
      if (all.empty()) {
        all = std::move(more);
      } else {
        all.insert(all.end(), more.begin(), more.end());
      }
    };
    append(out_.reads, found.reads);
    append(out_.flaws, found.flaws);
    append(out_.guesses, found.guesses);
    append(out_.versions, found.versions);
    append(out_.ambiguous_readers, found.ambiguous_readers);
    out_.lists = out_.lists || found.lists;
    out_.wr_forward = out_.wr_forward && found.wr_forward;
  }

  bool reads(TxnIndex t) const {
    const auto ops = txns_.ops(t);
    return std::any_of(ops.begin(), ops.end(), [](const TxnOp& op) {
      return op.function == TxnFunction::read && op.value != unread;
    });
  }

  static std::size_t count_writes(const Transactions& transactions) {
    const auto ops = transactions.all_ops();
    return static_cast<std::size_t>(
        std::count_if(ops.begin(), ops.end(), [](const TxnOp& op) { return op.writes(); }));
  }

  void place_in_sessions() {
    out_.session.assign(txns_.size() + 1, 0);
    out_.position.assign(txns_.size() + 1, 0);
    out_.session_begin.push_back(0);
    for (SessionId s = 0; s < txns_.session_count(); ++s) {
      std::uint32_t position = 0;
      for (const TxnIndex t : txns_.session(s)) {
        if (!took_effect_[t + 1]) continue;
        out_.session[t + 1] = s;
        out_.position[t + 1] = ++position;
        out_.by_session.push_back(t + 1);
      }
      out_.session_begin.push_back(static_cast<std::uint32_t>(out_.by_session.size()));
    }
  }

  void collect_writes() {
    const auto n = static_cast<Node>(txns_.size() + 1);
    out_.write_begin.assign(n + 1, 0);
    for (Node node = 1; node < n; ++node) {
      const auto first = static_cast<std::uint32_t>(out_.written.size());
      out_.write_begin[node] = first;
      if (!took_effect_[node]) continue;
      for (const TxnOp& op : txns_.ops(node - 1)) {
        if (op.writes()) out_.written.push_back(op.key);
      }
      const auto begin = out_.written.begin() + first;
      std::sort(begin, out_.written.end());
      out_.written.erase(std::unique(begin, out_.written.end()), out_.written.end());
    }
    out_.write_begin[n] = static_cast<std::uint32_t>(out_.written.size());
  }

  const Transactions& txns_;
  Ambiguous ambiguous_;
  Writers writers_;
  std::vector<bool> took_effect_;
  Observations out_;
};

}  // namespace

Observations observe(const Transactions& transactions, Ambiguous ambiguous) {
  return Observer(transactions, ambiguous).run();
}

}  // namespace assay::weak
