#include "checker/transactions/transactions.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace assay {
namespace {

Error bad(std::uint64_t event, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("event {}: {}", event, what)};
}

/// The text of a string or a keyword.
std::optional<std::string_view> name_in(const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return *text;
  if (const auto* keyword = value.get_if<Value::Keyword>()) return keyword->name;
  return std::nullopt;
}

}  // namespace

class TransactionReader {
 public:
  TransactionReader(const History& history, bool lists) : history_(history), lists_(lists) {
    out_.real_time_ = history.info().real_time != RealTime::none;
    out_.values_.push_back(history.info().initial);
    if (!lists) values_.emplace(history.info().initial, initial_value);
  }

  Result<Transactions> run() {
    out_.txns_.reserve(history_.size());
    for (OpIndex i = 0; i < history_.size(); ++i) {
      if (auto status = add(history_[i]); !status) return status.error();
    }
    index_sessions();
    return std::move(out_);
  }

 private:
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
    const std::string_view function = history_.function_name(operation.function);
    const Value value = history_.value(committed ? operation.result : operation.argument);
    Status status = function == "read" || function == "write" || function == "cas"
                        ? add_plain(operation, function, committed)
                        : add_micro_operations(operation, value, committed);
    if (!status) return status;
    txn.op_count = static_cast<std::uint32_t>(out_.ops_.size()) - txn.first_op;
    out_.txns_.push_back(txn);
    return {};
  }

  Status add_plain(const Operation& operation, std::string_view function, bool committed) {
    const TxnKey key =
        key_of(operation.key == no_key ? Value() : history_.key(operation.key));
    const Value argument = history_.value(operation.argument);
    if (function == "write") {
      out_.ops_.push_back({key, value_of(argument), TxnFunction::write});
      return {};
    }
    if (function == "read") {
      add_read(key, history_.value(operation.result), committed);
      return {};
    }
    const auto* pair = argument.get_if<Value::List>();
    if (pair == nullptr || pair->size() != 2) {
      return bad(operation.invoke_event,
                 fmt::format("the argument of cas must be a list [old new], got {}",
                             to_text(argument)));
    }
    add_read(key, (*pair)[0], committed);
    out_.ops_.push_back({key, value_of((*pair)[1]), TxnFunction::write});
    return {};
  }

  Status add_micro_operations(const Operation& operation, const Value& value, bool committed) {
    if (value.is_nil()) return {};
    const auto* list = value.get_if<Value::List>();
    if (list == nullptr) {
      return bad(operation.invoke_event,
                 fmt::format("a transaction must be a list of [f key value], got {}",
                             to_text(value)));
    }
    for (const Value& element : *list) {
      const auto* micro = element.get_if<Value::List>();
      const auto f = micro == nullptr || micro->size() < 2 || micro->size() > 3
                         ? std::nullopt
                         : name_in((*micro)[0]);
      if (!f.has_value()) {
        return bad(operation.invoke_event,
                   fmt::format("an operation of a transaction must be [f key value], got {}",
                               to_text(element)));
      }
      const TxnKey key = key_of((*micro)[1]);
      const Value argument = micro->size() == 3 ? (*micro)[2] : Value();
      if (*f == "w" || *f == "write") {
        out_.ops_.push_back({key, value_of(argument), TxnFunction::write});
      } else if (*f == "append") {
        out_.ops_.push_back({key, value_of(argument), TxnFunction::append});
      } else if (*f == "r" || *f == "read") {
        if (auto status = read_result(operation, key, argument, committed); !status) return status;
      } else {
        return bad(operation.invoke_event,
                   fmt::format("unknown function '{}' in a transaction; expected r, w or append",
                               *f));
      }
    }
    return {};
  }

  Status read_result(const Operation& operation, TxnKey key, const Value& value, bool committed) {
    if (!lists_ || !committed) {
      add_read(key, value, committed);
      return {};
    }
    const auto* list = value.get_if<Value::List>();
    if (list == nullptr && !value.is_nil()) {
      return bad(operation.invoke_event,
                 fmt::format("a read of a list must return a list, got {}", to_text(value)));
    }
    if (list != nullptr) {
      for (const Value& element : *list) out_.elements_.push_back(value_of(element));
    }
    out_.ops_.push_back({key, static_cast<TxnValue>(out_.list_begin_.size() - 1),
                         TxnFunction::read_list});
    out_.list_begin_.push_back(out_.elements_.size());
    return {};
  }

  void add_read(TxnKey key, const Value& value, bool committed) {
    const bool says_nothing =
        !committed ||
        (value.is_nil() && history_.info().nil_read == NilRead::unconstrained);
    // Whatever the declared initial value, nil means that nothing had been written.
    const TxnValue number = says_nothing ? unread : value.is_nil() ? initial_value : value_of(value);
    out_.ops_.push_back({key, number, TxnFunction::read});
  }

  SessionId session_of(ProcessId process) {
    const auto [found, fresh] =
        sessions_.try_emplace(static_cast<std::int32_t>(process),
                              static_cast<SessionId>(sessions_.size()));
    static_cast<void>(fresh);
    return found->second;
  }
  TxnKey key_of(const Value& value) {
    const auto [found, fresh] = keys_.try_emplace(value, static_cast<TxnKey>(keys_.size()));
    if (fresh) out_.keys_.push_back(value);
    return found->second;
  }
  TxnValue value_of(const Value& value) {
    const auto [found, fresh] =
        values_.try_emplace(value, static_cast<TxnValue>(out_.values_.size()));
    if (fresh) out_.values_.push_back(value);
    return found->second;
  }

  void index_sessions() {
    out_.session_begin_.assign(sessions_.size() + 1, 0);
    for (const Txn& txn : out_.txns_) ++out_.session_begin_[txn.session + 1];
    for (std::size_t s = 0; s < sessions_.size(); ++s) {
      out_.session_begin_[s + 1] += out_.session_begin_[s];
    }
    out_.by_session_.resize(out_.txns_.size());
    auto next = out_.session_begin_;
    for (TxnIndex t = 0; t < out_.txns_.size(); ++t) {
      out_.by_session_[next[out_.txns_[t].session]++] = t;
    }
  }

  const History& history_;
  bool lists_;
  Transactions out_;
  std::unordered_map<std::int32_t, SessionId> sessions_;
  std::map<Value, TxnKey> keys_;
  std::map<Value, TxnValue> values_;
};

Result<Transactions> read_transactions(const History& history, std::string_view datatype) {
  return TransactionReader(history, datatype == "list-append").run();
}

}  // namespace assay
