// plume: one operation a line, r(key,value,session,txn) or w(…), as PolySI, Plume and IsoVista
// write them.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "history/formats/readers.h"
#include "history/formats/text_lines.h"
#include "history/formats/transaction_events.h"
#include "history/text.h"
#include "history/word.h"

namespace assay {
namespace {

struct PlumeOp {
  bool write;
  std::array<std::int64_t, 4> numbers;  ///< key, value, session, transaction
};

std::optional<PlumeOp> plume_operation(std::string_view line) {
  if (line.size() < 2 || (line[0] != 'r' && line[0] != 'w') || line[1] != '(' ||
      !line.ends_with(')')) {
    return std::nullopt;
  }
  PlumeOp op{line[0] == 'w', {}};
  line = line.substr(2, line.size() - 3);
  for (std::size_t i = 0; i < op.numbers.size(); ++i) {
    const std::size_t comma = line.find(',');
    const bool last = i + 1 == op.numbers.size();
    if ((comma == std::string_view::npos) != last) return std::nullopt;
    const auto number = integer_in(trimmed(line.substr(0, comma)));
    if (!number) return std::nullopt;
    op.numbers.at(i) = *number;
    line.remove_prefix(last ? line.size() : comma + 1);
  }
  return op;
}

class PlumeReader {
 public:
  PlumeReader(const ReadOptions& options, EventSink& sink) : events_(sink) {
    declare_transactions("plume", options, sink);
  }

  Status read(std::istream& input) {
    TextLines lines(input);
    while (lines.next()) {
      const std::string_view line = trimmed(lines.line());
      if (line.empty()) continue;
      const auto op = plume_operation(line);
      if (auto status = check(op, line); !status) {
        status = events_.sink().problem(lines.error(status.error().message));
        if (!status) return status;
        continue;
      }
      add(*op, lines.number());
    }
    if (transactions_.empty()) {
      return lines.error("expected r(key,value,session,txn), but the input ends without any");
    }
    if (auto status = emit(); !status) return status;
    return {};
  }

 private:
  static constexpr std::int64_t session_max = std::int64_t{1} << 30U;

  struct Op {
    std::int64_t key;
    std::int64_t value;
    std::uint32_t transaction;
    bool write;
  };
  struct Transaction {
    std::int64_t session;
    bool aborted;
    std::uint64_t line;
    std::size_t size = 0;
  };
  struct Pair {
    std::int64_t session;
    std::int64_t number;
    bool operator==(const Pair&) const = default;
  };
  struct PairHash {
    std::size_t operator()(const Pair& pair) const {
      return static_cast<std::size_t>(pair.number) * 0x9E3779B97F4A7C15U +
             static_cast<std::size_t>(pair.session);
    }
  };

  static Status check(const std::optional<PlumeOp>& op, std::string_view line) {
    const auto bad = [](std::string what) { return Error{ErrorKind::bad_data, std::move(what)}; };
    if (!op) {
      return bad(fmt::format("expected r(key,value,session,txn) or w(…), got {}", shown(line)));
    }
    const auto [key, value, session, txn] = op->numbers;
    if (session < -1 || txn < -1) return bad("expected a session and a transaction from -1");
    if (session >= session_max) return bad("the session's number is too large");
    return {};
  }

  /// Transaction -1 is what was aborted: each of its writes is a transaction that failed.
  void add(const PlumeOp& op, std::uint64_t line) {
    const auto [key, value, session, txn] = op.numbers;
    const bool aborted = txn == -1;
    if (aborted && !op.write) return;
    last_session_ = std::max(last_session_, session);
    std::uint32_t at = static_cast<std::uint32_t>(transactions_.size());
    if (!aborted) at = numbers_.try_emplace(Pair{session, txn}, at).first->second;
    if (at == transactions_.size()) transactions_.push_back({session, aborted, line});
    if (op.write && value == 0 && !aborted) zero_written_.insert(key);
    ops_.push_back({key, value, at, op.write});
    ++transactions_[at].size;
  }

  /// The operations of a transaction need not stand together, so they are sorted by it first.
  Status emit() {
    std::stable_sort(ops_.begin(), ops_.end(),
                     [](const Op& a, const Op& b) { return a.transaction < b.transaction; });
    auto op = ops_.cbegin();
    for (const Transaction& transaction : transactions_) {
      for (std::size_t i = 0; i < transaction.size; ++i, ++op) {
        // Nobody wrote that 0: it is what was there from the beginning.
        const bool initial = op->value == 0 && !zero_written_.contains(op->key);
        Value value = initial ? Value() : Value(op->value);
        if (op->write) {
          events_.write(op->key, std::move(value));
        } else {
          events_.read(op->key, std::move(value));
        }
      }
      const std::int64_t session =
          transaction.session < 0 ? last_session_ + 1 : transaction.session;
      const auto outcome = transaction.aborted ? EventType::fail : EventType::ok;
      if (auto status = events_.finish(session, outcome); !status) {
        return status.error().in(fmt::format("line {}", transaction.line));
      }
    }
    return {};
  }

  TransactionEvents events_;
  std::vector<Op> ops_;
  std::vector<Transaction> transactions_;
  std::unordered_map<Pair, std::uint32_t, PairHash> numbers_;
  std::unordered_set<std::int64_t> zero_written_;
  std::int64_t last_session_ = -1;
};

/// Numbers for what is no number: from 1, skipping none that the history uses itself.
class Numbering {
 public:
  std::int64_t of(const Value& value) {
    if (value.is_nil()) return 0;
    if (const auto* number = value.get_if<std::int64_t>()) {
      if (*number > 0 && *number < first) return *number;
    }
    return numbers_.try_emplace(value, first + static_cast<std::int64_t>(numbers_.size()))
        .first->second;
  }

 private:
  static constexpr std::int64_t first = std::int64_t{1} << 40U;
  std::map<Value, std::int64_t> numbers_;
};

class PlumeWriter {
 public:
  PlumeWriter(const History& history, std::ostream& output) : history_(history), output_(output) {}

  Status write() {
    for (OpIndex op = 0; op < history_.size(); ++op) {
      if (history_[op].outcome == Outcome::ok) note_reads(history_.value(history_[op].result));
    }
    for (OpIndex op = 0; op < history_.size(); ++op) {
      if (auto status = write_transaction(op); !status) return status;
    }
    output_.write(out_.data(), static_cast<std::streamsize>(out_.size()));
    if (!output_) return Error{ErrorKind::cannot_write, "the history could not be written"};
    return {};
  }

 private:
  struct Part {
    bool write;
    const Value& key;
    const Value& value;
  };

  /// One [f key value]; nothing if it is none.
  static std::optional<Part> part(const Value& value) {
    const auto* list = value.get_if<Value::List>();
    if (list == nullptr || list->size() != 3) return std::nullopt;
    const std::string_view name = word_of(list->front());
    if (name != "r" && name != "w") return std::nullopt;
    return Part{name == "w", (*list)[1], (*list)[2]};
  }

  void note_reads(const Value& value) {
    const auto* list = value.get_if<Value::List>();
    if (list == nullptr) return;
    for (const Value& entry : *list) {
      if (const auto read = part(entry); read && !read->write) {
        observed_.emplace(read->key, read->value);
      }
    }
  }

  /// A transaction of unknown outcome committed if somebody saw it.
  bool was_observed(const Value::List& list) const {
    return std::any_of(list.begin(), list.end(), [this](const Value& entry) {
      const auto write = part(entry);
      return write && write->write && observed_.contains({write->key, write->value});
    });
  }

  Status write_transaction(OpIndex index) {
    const Operation op = history_[index];
    const Value value = history_.value(op.outcome == Outcome::ok ? op.result : op.argument);
    const auto* list = value.get_if<Value::List>();
    if (history_.function_name(op.function) != "txn" || list == nullptr) {
      return Error{ErrorKind::usage,
                   fmt::format("event {}: this format can only tell transactions of reads and "
                               "writes (f txn, value [[r key value] [w key value] …])",
                               op.invoke_event)};
    }
    if (op.outcome == Outcome::info && !was_observed(*list)) return {};
    const bool committed = op.outcome != Outcome::fail;
    if (committed) ++transactions_;
    for (const Value& entry : *list) {
      const auto one = part(entry);
      if (!one) {
        return Error{ErrorKind::usage, fmt::format("event {}: this format cannot tell {}",
                                                   op.invoke_event, to_text(entry).substr(0, 80))};
      }
      if (!one->write && op.outcome != Outcome::ok) continue;
      fmt::format_to(std::back_inserter(out_), "{}({},{},{},{})\n", one->write ? 'w' : 'r',
                     keys_.of(one->key), values_.of(one->value),
                     static_cast<std::int32_t>(op.process), committed ? transactions_ : -1);
    }
    constexpr std::size_t buffer_bytes = std::size_t{64} << 10U;
    if (out_.size() >= buffer_bytes) {
      output_.write(out_.data(), static_cast<std::streamsize>(out_.size()));
      out_.clear();
    }
    return {};
  }

  const History& history_;
  std::ostream& output_;
  std::string out_;
  std::set<std::pair<Value, Value>> observed_;
  Numbering keys_;
  Numbering values_;
  std::int64_t transactions_ = 0;
};

}  // namespace

bool recognise_plume(std::string_view beginning) {
  const std::string_view text = trimmed(beginning);
  return plume_operation(trimmed(text.substr(0, text.find('\n')))).has_value();
}

Status read_plume(std::istream& input, const ReadOptions& options, EventSink& sink) {
  return PlumeReader(options, sink).read(input);
}

Status write_plume(const History& history, std::ostream& output) {
  return PlumeWriter(history, output).write();
}

}  // namespace assay
