// Reads transactions straight from the canonical bytes of the history's values: a million
// transactions as trees of Value would take gigabytes.
#include "checker/transactions/transactions.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "checker/transactions/set_members.h"
#include "history/value_cursor.h"

namespace assay {
namespace {

Error bad(std::uint64_t event, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("event {}: {}", event, what)};
}

std::string text_of(std::string_view bytes) {
  std::string text = bytes.empty() ? "nil" : to_text(Decoder(bytes).value());
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return text;
}

/// Is this a list whose first element is a list that starts with a name: [[f …] …]?
bool is_micro_operations(std::string_view bytes) {
  ValueCursor cursor(bytes);
  if (cursor.tag() != code_list || cursor.enter() == 0) return false;
  if (cursor.tag() != code_list || cursor.enter() == 0) return false;
  return cursor.is_name();
}

}  // namespace

class TransactionReader {
 public:
  /// `members`: of a history of sets; else null.
  TransactionReader(const History& history, std::string_view datatype, const SetMembers* members)
      : history_(history),
        members_(members),
        lists_(datatype == "list-append"),
        single_(datatype == "register") {
    out_.sets_ = members != nullptr;
    out_.real_time_ = history.info().real_time != RealTime::none;
    out_.initial_ = history.info().initial;
    // Number 0 is the initial value, whatever it is; nobody appends it to a list.
    if (lists_ || out_.initial_.is_nil()) {
      out_.values_.reserve();
    } else {
      out_.values_.of(out_.initial_);
    }
    for (std::size_t f = 0; f < history.function_count(); ++f) {
      const auto name = history.function_name(static_cast<FunctionId>(f));
      functions_.push_back(name == "read"    ? Function::read
                           : name == "write" ? Function::write
                           : name == "cas"   ? Function::cas
                                             : Function::transaction);
    }
  }

  /// Reads the operations from `first` to before `end`.
  Status read(OpIndex first, OpIndex end) {
    out_.txns_.reserve(end - first);
    const OpIndex sample = first + (end - first) / sample_part;
    for (OpIndex i = first; i < end; ++i) {
      if (i == sample) expect_the_rest();
      if (auto status = add(history_[i]); !status) return status;
    }
    return {};
  }

  /// Takes over what `parts` read of the operations behind these, in their order. The result is the
  /// same as if this one had read them.
  void append(std::span<TransactionReader> parts) {
    std::vector<Place> places;
    Place end = place_of_end();
    for (const TransactionReader& part : parts) {
      const Transactions& more = part.out_;
      places.push_back(end);
      places.back().keys = out_.keys_.absorb(more.keys_);
      places.back().values = out_.values_.absorb(more.values_);
      end.txn += more.txns_.size();
      end.op += more.ops_.size();
      end.list += more.list_begin_.size() - 1;
      end.element += more.elements_.size();
    }
    out_.txns_.resize(end.txn);
    out_.ops_.resize(end.op);
    out_.list_begin_.resize(end.list + 1);
    out_.elements_.resize(end.element);
    tbb::parallel_for(std::size_t{0}, parts.size(),
                      [&](std::size_t i) { copy(parts[i].out_, places[i]); });
    for (std::size_t t = places.empty() ? 0 : places[0].txn; t < end.txn; ++t) {
      out_.txns_[t].session = session_of(history_.process(out_.txns_[t].operation));
    }
  }

  Transactions finish() && {
    index_sessions();
    return std::move(out_);
  }

 private:
  enum class Function : std::uint8_t { read, write, cas, transaction };

  /// Where a part goes, and its numbers as numbers of the whole.
  struct Place {
    std::size_t txn;
    std::size_t op;
    std::size_t list;
    std::size_t element;
    std::vector<TxnKey> keys{};
    std::vector<TxnValue> values{};
  };
  Place place_of_end() const {
    return {out_.txns_.size(), out_.ops_.size(), out_.list_begin_.size() - 1,
            out_.elements_.size()};
  }
  void copy(const Transactions& part, const Place& place) {
    for (std::size_t t = 0; t < part.txns_.size(); ++t) {
      Txn txn = part.txns_[t];
      txn.first_op += static_cast<std::uint32_t>(place.op);
      out_.txns_[place.txn + t] = txn;
    }
    for (std::size_t i = 0; i < part.ops_.size(); ++i) {
      TxnOp op = part.ops_[i];
      op.key = place.keys[op.key];
      if (op.function == TxnFunction::read_list) {
        op.value += static_cast<TxnValue>(place.list);
      } else if (op.value != unread) {
        op.value = place.values[op.value];
      }
      out_.ops_[place.op + i] = op;
    }
    for (std::size_t i = 0; i < part.elements_.size(); ++i) {
      out_.elements_[place.element + i] = place.values[part.elements_[i]];
    }
    for (std::size_t i = 1; i < part.list_begin_.size(); ++i) {
      out_.list_begin_[place.list + i] = place.element + part.list_begin_[i];
    }
  }

  Status add(const Operation& operation) {
    const auto interval = history_.interval(operation.index);
    Txn txn{operation.index,
            operation.invoke_event,
            interval.start,
            operation.outcome == Outcome::info ? never : interval.end,
            session_of(operation.process),
            operation.outcome,
            static_cast<std::uint32_t>(out_.ops_.size()),
            0};
    const bool committed = operation.outcome == Outcome::ok;
    if (auto status = members_ != nullptr ? add_set_steps(operation, committed)
                                          : add_steps(operation, committed);
        !status) {
      return status;
    }
    txn.op_count = static_cast<std::uint32_t>(out_.ops_.size()) - txn.first_op;
    out_.txns_.push_back(txn);
    return {};
  }

  Status add_steps(const Operation& operation, bool committed) {
    const Function function = functions_[operation.function];
    std::string scratch;
    const std::string_view bytes =
        history_.encoded(committed ? operation.result : operation.argument, scratch);
    return function == Function::transaction || is_micro_operations(bytes)
               ? add_micro_operations(operation, bytes, committed)
               : add_plain(operation, function, committed);
  }

  Status add_set_steps(const Operation& operation, bool committed) {
    const Value whole = history_.value(committed ? operation.result : operation.argument);
    const auto steps = set_steps(operation, whole, history_.info().nil_read);
    if (!steps) return steps.error();
    const auto add = [&](const Value& set, const Value& element, TxnFunction function, bool there) {
      const TxnKey key = out_.keys_.of(Value::List{set, element});
      out_.ops_.push_back({key, there ? out_.values_.of(element) : initial_value, function});
    };
    for (const SetStep& step : *steps) {
      if (step.adds) add(step.set, step.element, TxnFunction::write, true);
      if (step.elements == nullptr) continue;
      Value::List there = *step.elements;
      std::sort(there.begin(), there.end());
      there.erase(std::unique(there.begin(), there.end()), there.end());
      const std::vector<Value>& members = (*members_)[step.set];
      for (const Value& member : members) {
        add(step.set, member, TxnFunction::read,
            std::binary_search(there.begin(), there.end(), member));
      }
      for (const Value& element : there) {
        // Nobody added it.
        if (std::binary_search(members.begin(), members.end(), element)) continue;
        add(step.set, element, TxnFunction::read, true);
      }
    }
    return {};
  }

  Status add_plain(const Operation& operation, Function function, bool committed) {
    const TxnKey key =
        out_.keys_.of(operation.key == no_key ? Value() : history_.key(operation.key));
    std::string scratch;
    const std::string_view argument = history_.encoded(operation.argument, scratch);
    ValueCursor cursor(argument);
    if (function == Function::write) {
      out_.ops_.push_back({key, value_at(cursor), TxnFunction::write});
      return {};
    }
    if (function == Function::read) {
      const std::string_view result = history_.encoded(operation.result, scratch);
      ValueCursor at(result);
      add_read(key, at, committed);
      return {};
    }
    if (cursor.tag() != code_list || cursor.enter() != 2) {
      return bad(
          operation.invoke_event,
          fmt::format("the argument of cas must be a list [old new], got {}", text_of(argument)));
    }
    // If it took effect at all, it found what it expected.
    add_read(key, cursor, committed || (single_ && operation.outcome == Outcome::info));
    out_.ops_.push_back({key, value_at(cursor), TxnFunction::write});
    return {};
  }

  Status add_micro_operations(const Operation& operation, std::string_view bytes, bool committed) {
    ValueCursor cursor(bytes);
    if (cursor.tag() == code_nil) return {};
    if (cursor.tag() != code_list) {
      return bad(
          operation.invoke_event,
          fmt::format("a transaction must be a list of [f key value], got {}", text_of(bytes)));
    }
    for (std::size_t left = cursor.enter(); left > 0; --left) {
      if (auto status = add_micro_operation(operation, cursor, committed); !status) return status;
    }
    return {};
  }

  Status add_micro_operation(const Operation& operation, ValueCursor& cursor, bool committed) {
    ValueCursor whole = cursor;
    const auto malformed = [&] {
      return bad(operation.invoke_event,
                 fmt::format("an operation of a transaction must be [f key value], got {}",
                             text_of(whole.take())));
    };
    if (cursor.tag() != code_list) return malformed();
    const std::size_t size = cursor.enter();
    if (size < 2 || size > 3 || !cursor.is_name()) return malformed();
    const std::string_view f = cursor.name();
    const TxnKey key = out_.keys_.at(cursor);
    ValueCursor nothing{std::string_view{}};
    ValueCursor& argument = size == 3 ? cursor : nothing;
    if (f == "w" || f == "write") {
      out_.ops_.push_back({key, value_at(argument), TxnFunction::write});
    } else if (f == "append") {
      out_.ops_.push_back({key, value_at(argument), TxnFunction::append});
    } else if (f == "r" || f == "read") {
      return read_result(operation, key, argument, committed);
    } else {
      return bad(operation.invoke_event,
                 fmt::format("unknown function '{}' in a transaction; expected r, w or append", f));
    }
    return {};
  }

  Status read_result(const Operation& operation, TxnKey key, ValueCursor& cursor, bool committed) {
    if (!lists_ || !committed) {
      add_read(key, cursor, committed);
      return {};
    }
    if (cursor.tag() != code_list && cursor.tag() != code_nil) {
      return bad(operation.invoke_event, fmt::format("a read of a list must return a list, got {}",
                                                     text_of(cursor.take())));
    }
    std::size_t length = 0;
    if (cursor.tag() == code_list) {
      length = cursor.enter();
    } else if (!cursor.done()) {
      cursor.skip();
    }
    for (; length > 0; --length) out_.elements_.push_back(out_.values_.at(cursor));
    out_.ops_.push_back(
        {key, static_cast<TxnValue>(out_.list_begin_.size() - 1), TxnFunction::read_list});
    out_.list_begin_.push_back(out_.elements_.size());
    return {};
  }

  void add_read(TxnKey key, ValueCursor& cursor, bool committed) {
    TxnValue number = unread;
    if (cursor.tag() == code_nil) {
      // Whatever the declared initial value, nil means that nothing had been written.
      if (committed && history_.info().nil_read != NilRead::unconstrained) number = initial_value;
      if (!cursor.done()) cursor.skip();
    } else if (committed) {
      number = out_.values_.at(cursor);
    } else {
      cursor.skip();
    }
    out_.ops_.push_back({key, number, TxnFunction::read});
  }
  /// What is written: nil is the initial value again.
  TxnValue value_at(ValueCursor& cursor) {
    if (cursor.tag() != code_nil) return out_.values_.at(cursor);
    if (!cursor.done()) cursor.skip();
    return out_.initial_.is_nil() && !lists_ ? initial_value : out_.values_.of(Value());
  }

  SessionId session_of(ProcessId process) {
    const auto number = static_cast<std::uint32_t>(process);
    if (number < direct_sessions) {
      if (number >= sessions_.size()) sessions_.resize(number + 1, no_session);
      if (sessions_[number] == no_session) sessions_[number] = session_count_++;
      return sessions_[number];
    }
    const auto [found, fresh] = far_sessions_.try_emplace(number, session_count_);
    if (fresh) ++session_count_;
    return found->second;
  }

  void index_sessions() {
    out_.session_begin_.assign(session_count_ + std::size_t{1}, 0);
    for (const Txn& txn : out_.txns_) ++out_.session_begin_[txn.session + 1];
    for (std::size_t s = 0; s < session_count_; ++s) {
      out_.session_begin_[s + 1] += out_.session_begin_[s];
    }
    out_.by_session_.resize(out_.txns_.size());
    auto next = out_.session_begin_;
    for (TxnIndex t = 0; t < out_.txns_.size(); ++t) {
      out_.by_session_[next[out_.txns_[t].session]++] = t;
    }
  }

  /// After a sample, room for as much of the rest: columns that grow by copying touch twice the
  /// memory, which of a large history costs more than the reading.
  void expect_the_rest() {
    const auto whole = [](std::size_t size) { return size * (sample_part + 1); };
    out_.ops_.reserve(whole(out_.ops_.size()));
    out_.elements_.reserve(whole(out_.elements_.size()));
    out_.list_begin_.reserve(whole(out_.list_begin_.size()));
    out_.values_.expect(whole(out_.values_.size()));
  }

  static constexpr OpIndex sample_part = 32;
  static constexpr SessionId no_session = std::numeric_limits<SessionId>::max();
  static constexpr std::uint32_t direct_sessions = 1U << 20U;

  const History& history_;
  const SetMembers* members_;
  bool lists_;
  bool single_;  ///< single operations, not transactions
  Transactions out_;
  std::vector<Function> functions_;
  std::vector<SessionId> sessions_;
  std::unordered_map<std::uint32_t, SessionId> far_sessions_;
  SessionId session_count_ = 0;
};

/// In as many parts as there are threads, which number keys and values for themselves.
Result<Transactions> read_transactions(const History& history, std::string_view datatype,
                                       const SetMembers* members) {
  constexpr std::size_t part_min = 20'000;
  const auto threads = static_cast<std::size_t>(tbb::this_task_arena::max_concurrency());
  const std::size_t count = std::clamp<std::size_t>(history.size() / part_min, 1, threads);
  std::vector<TransactionReader> parts;
  parts.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    parts.emplace_back(history, datatype, members);
  }
  std::vector<Status> read(count);
  tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
    read[i] = parts[i].read(static_cast<OpIndex>(history.size() * i / count),
                            static_cast<OpIndex>(history.size() * (i + 1) / count));
  });
  for (const Status& status : read) {
    if (!status) return status.error();
  }
  parts[0].append(std::span(parts).subspan(1));
  return std::move(parts[0]).finish();
}

}  // namespace assay
