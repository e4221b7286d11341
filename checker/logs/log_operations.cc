#include "checker/logs/log_operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "history/word.h"

namespace assay {
namespace {

Error bad(std::uint64_t event, const std::string& what) {
  return {ErrorKind::bad_data, fmt::format("event {}: {}", event, what)};
}

const Value::List* list_in(const Value& value) { return value.get_if<Value::List>(); }

/// [offset value], as a send or poll returns it.
bool is_located(const Value& value) {
  const auto* pair = list_in(value);
  return pair != nullptr && pair->size() == 2 &&
         ((*pair)[0].is<std::int64_t>() || (*pair)[0].is_nil());
}

class LogReader {
 public:
  explicit LogReader(const History& history) : history_(history) {}

  Result<LogOperations> run() {
    for (OpIndex i = 0; i < history_.size(); ++i) {
      if (auto status = add(history_[i]); !status) return status.error();
    }
    std::stable_sort(out_.operations.begin(), out_.operations.end(),
                     [](const LogOperation& a, const LogOperation& b) {
                       return a.complete_event < b.complete_event;
                     });
    return std::move(out_);
  }

 private:
  Status add(const Operation& operation) {
    const std::string_view function = history_.function_name(operation.function);
    LogOperation result{operation.index, operation.invoke_event, operation.complete_event,
                        static_cast<std::int32_t>(operation.process), operation.outcome};
    // A completion that did not learn anything stands for what was asked.
    const ValueId id = operation.result == nil_value ? operation.argument : operation.result;
    const Value value = history_.value(id);
    if (function == "assign" || function == "subscribe") {
      result.reassignment = function == "assign" ? Reassignment::assign : Reassignment::subscribe;
      if (const auto* keys = list_in(value)) {
        for (const Value& key : *keys) result.assigned.push_back(key_of(key));
      }
      out_.operations.push_back(std::move(result));
      return {};
    }
    if (function != "send" && function != "poll" && function != "txn") return {};
    result.transaction = function == "txn";
    const auto* list = list_in(value);
    if (list == nullptr) {
      return bad(operation.invoke_event,
                 fmt::format("a {} must be a list of [send key value] and [poll], got {}", function,
                             to_text(value)));
    }
    for (const Value& element : *list) {
      if (auto status = add_micro(operation.invoke_event, element, result); !status) return status;
    }
    out_.operations.push_back(std::move(result));
    return {};
  }

  Status add_micro(std::uint64_t event, const Value& element, LogOperation& result) {
    const auto* micro = list_in(element);
    const auto name =
        micro == nullptr || micro->empty() ? std::string_view() : word_of((*micro)[0]);
    if (name == "send" && micro->size() == 3) {
      const LogKey key = key_of((*micro)[1]);
      result.sends.push_back(message(key, (*micro)[2]));
      return {};
    }
    if (name == "poll" && micro->size() <= 2) {
      if (micro->size() == 1 || (*micro)[1].is_nil()) return {};
      const auto* map = (*micro)[1].get_if<Value::Map>();
      if (map == nullptr) {
        return bad(event, fmt::format("a poll must return a map of key to messages, got {}",
                                      to_text((*micro)[1])));
      }
      for (const auto& [key_value, messages] : *map) {
        const LogKey key = key_of(key_value);
        const auto* list = list_in(messages);
        if (list == nullptr) {
          return bad(event, fmt::format("the messages of a poll must be a list, got {}",
                                        to_text(messages)));
        }
        for (const Value& each : *list) {
          if (!is_located(each)) {
            return bad(event, fmt::format("a polled message must be [offset value], got {}",
                                          to_text(each)));
          }
          result.polls.push_back(message(key, each));
        }
      }
      return {};
    }
    return bad(event, fmt::format("expected [send key value] or [poll], got {}", to_text(element)));
  }

  LogMessage message(LogKey key, const Value& value) {
    if (!is_located(value)) return {key, value_of(key, value), no_offset};
    const auto& pair = *list_in(value);
    const auto* offset = pair[0].get_if<std::int64_t>();
    return {key, value_of(key, pair[1]), offset == nullptr ? no_offset : *offset};
  }

  LogKey key_of(const Value& key) {
    // JSON spells every key of a map as a string, and so do some EDN writers.
    const auto name = word_of(key);
    const Value canonical = name.empty() ? key : Value(name);
    const auto [found, fresh] = keys_.try_emplace(canonical, static_cast<LogKey>(out_.keys.size()));
    if (fresh) out_.keys.push_back(canonical);
    return found->second;
  }
  LogValue value_of(LogKey key, const Value& value) {
    const auto [found, fresh] =
        values_.try_emplace({key, value}, static_cast<LogValue>(out_.values.size()));
    if (fresh) {
      out_.values.push_back(value);
      out_.key_of_value.push_back(key);
    }
    return found->second;
  }

  const History& history_;
  LogOperations out_;
  std::map<Value, LogKey> keys_;
  std::map<std::pair<LogKey, Value>, LogValue> values_;
};

}  // namespace

bool has_log_micro_operations(const History& history) {
  for (OpIndex i = 0; i < history.size(); ++i) {
    const Operation operation = history[i];
    const std::string_view function = history.function_name(operation.function);
    if (function == "assign" || function == "subscribe") return true;
    const Value value = history.value(operation.argument);
    const auto* list = list_in(value);
    if (list == nullptr || list->empty()) continue;
    const auto* micro = list_in(list->front());
    if (micro == nullptr || micro->empty()) continue;
    const auto name = word_of(micro->front());
    if (name == "send" || name == "poll") return true;
  }
  return false;
}

Result<LogOperations> read_log_operations(const History& history) {
  return LogReader(history).run();
}

}  // namespace assay
