#include "reports/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "checker/lattice.h"
#include "history/word.h"
#include "reports/models.h"

namespace assay {
namespace {

std::string arguments_text(const History& history, const Operation& operation) {
  const Value argument = history.value(operation.argument);
  if (history.function_name(operation.function) == "cas") {
    const auto* pair = argument.get_if<Value::List>();
    if (pair != nullptr && pair->size() == 2) {
      return fmt::format("{} to {}", to_text((*pair)[0]), to_text((*pair)[1]));
    }
  }
  return argument.is_nil() ? std::string() : to_text(argument);
}

/// [f …] with a name first.
const Value::List* step_of(const Value& value) {
  const auto* parts = value.get_if<Value::List>();
  return parts != nullptr && parts->size() >= 2 && !word_of((*parts)[0]).empty() ? parts : nullptr;
}

/// "read x → 3", "append y 1", "write x 2".
std::string step_text(const Value::List& parts, bool answered) {
  std::string_view f = word_of(parts[0]);
  if (f == "r") f = "read";
  if (f == "w") f = "write";
  if (f == "rp") f = "select";
  const std::string_view name = word_of(parts[1]);
  std::string text = fmt::format("{} {}", f, name.empty() ? to_text(parts[1]) : std::string(name));
  const bool reads = f == "read" || f == "select";
  for (std::size_t i = 2; i < parts.size(); ++i) {
    if (!reads) {
      text += " " + to_text(parts[i]);
    } else if (answered) {
      text += " → " + to_text(parts[i]);
    }
  }
  return text;
}

std::string transaction_text(const Value& value, bool answered) {
  std::string text;
  for (const Value& step : *value.get_if<Value::List>()) {
    text += (text.empty() ? "" : " · ") + step_text(*step_of(step), answered);
  }
  return text;
}

bool is_steps(const Value& value) {
  const auto* list = value.get_if<Value::List>();
  return list != nullptr && !list->empty() &&
         std::all_of(list->begin(), list->end(),
                     [](const Value& step) { return step_of(step) != nullptr; });
}

/// ": every operation takes effect …", or "" of a model that has no such words.
std::string promise_of(const std::string& model) {
  const ModelInfo* info = find_model(model);
  return info == nullptr ? std::string() : ": " + std::string(info->summary);
}

}  // namespace

bool is_transaction(const History& history, const Operation& operation) {
  return is_steps(history.value(operation.result)) || is_steps(history.value(operation.argument));
}

std::string operation_name(const History& history, const Operation& operation, std::size_t number) {
  if (is_transaction(history, operation)) return fmt::format("T{}", number + 1);
  constexpr std::size_t letters = 26;
  if (number >= letters) return fmt::format("O{}", number + 1);
  return std::string(1, static_cast<char>('A' + number));
}

std::string claim_of(const Anomaly& anomaly) {
  const AnomalyInfo* info = find_anomaly(anomaly.type);
  const bool formal = anomaly.explanation.starts_with("Let ") && !anomaly.steps.empty();
  if (!formal || info == nullptr) return anomaly.explanation;
  std::string claim = std::string(info->summary) + ".";
  claim.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(claim.front())));
  return claim;
}

std::string with_names(std::string_view because, std::string_view before, std::string_view after) {
  std::string out;
  constexpr std::string_view former = "the former";
  constexpr std::string_view latter = "the latter";
  while (!because.empty()) {
    if (because.starts_with(former)) {
      out += before;
      because.remove_prefix(former.size());
    } else if (because.starts_with(latter)) {
      out += after;
      because.remove_prefix(latter.size());
    } else {
      out += because.front();
      because.remove_prefix(1);
    }
  }
  return out;
}

std::optional<OpIndex> operation_invoked_at(const History& history, std::uint64_t event_index) {
  std::size_t low = 0;
  std::size_t high = history.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (history[static_cast<OpIndex>(middle)].invoke_event < event_index) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == history.size()) return std::nullopt;
  const auto index = static_cast<OpIndex>(low);
  if (history[index].invoke_event != event_index) return std::nullopt;
  return index;
}

std::vector<OpIndex> witness_operations(const History& history, const Anomaly& anomaly) {
  std::vector<OpIndex> operations;
  for (const std::uint64_t event : anomaly.witness) {
    if (const auto index = operation_invoked_at(history, event)) operations.push_back(*index);
  }
  std::sort(operations.begin(), operations.end());
  operations.erase(std::unique(operations.begin(), operations.end()), operations.end());
  return operations;
}

std::string operation_label(const History& history, const Operation& operation) {
  const bool answered = operation.outcome == Outcome::ok;
  if (const Value steps = history.value(answered ? operation.result : operation.argument);
      is_steps(steps)) {
    return transaction_text(steps, answered) + (answered                             ? ""
                                                : operation.outcome == Outcome::fail ? ": failed"
                                                                                     : ": unknown");
  }
  std::string label(history.function_name(operation.function));
  const bool read = label == "read";
  if (const std::string arguments = arguments_text(history, operation);
      !arguments.empty() && !(read && operation.outcome == Outcome::ok)) {
    label += " " + arguments;
  }
  if (operation.outcome == Outcome::fail) return label + ": failed";
  if (operation.outcome == Outcome::info) return label + (read ? ": no answer" : ": unknown");
  const bool answers = read || (operation.result != operation.argument &&
                                operation.result != nil_value && label.rfind("write", 0) != 0);
  if (answers) label += " → " + to_text(history.value(operation.result));
  return label;
}

std::string_view outcome_words(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "acknowledged";
    case Outcome::fail:
      return "failed";
    case Outcome::info:
      break;
  }
  return "outcome unknown";
}

bool has_times(const History& history) {
  return history.size() > 0 && history[0].invoked != unknown_time && history.duration().count() > 0;
}

std::string moment_text(Nanos moment, int decimals) {
  return fmt::format("{:.{}f} s", static_cast<double>(moment.count()) / 1e9, decimals);
}

int decimals_for(const History& history, const std::vector<OpIndex>& operations) {
  std::set<std::int64_t> moments;
  for (const OpIndex index : operations) {
    const Operation operation = history[index];
    moments.insert(operation.invoked.count());
    if (operation.completed != unknown_time) moments.insert(operation.completed.count());
  }
  std::int64_t smallest = 1'000'000'000;
  for (auto it = moments.begin(); it != moments.end() && std::next(it) != moments.end(); ++it) {
    smallest = std::min(smallest, *std::next(it) - *it);
  }
  return smallest >= 1'000'000 ? 3 : smallest >= 1'000 ? 6 : 9;
}

std::string start_text(const Operation& operation, bool times, int decimals) {
  if (times) return moment_text(operation.invoked, decimals);
  return fmt::format("event {}", operation.invoke_event);
}

std::string end_text(const Operation& operation, bool times, int decimals) {
  if (operation.complete_event == no_event) return "never returned";
  if (times && operation.completed != unknown_time) {
    return moment_text(operation.completed, decimals);
  }
  return fmt::format("event {}", operation.complete_event);
}

std::string grouped(std::uint64_t number) {
  const std::string digits = fmt::format("{}", number);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += "\u202f";
    out += digits[i];
  }
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string_view headline(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "Holds on this history";
    case Verdict::violation:
      return "Violated";
    case Verdict::unknown:
      break;
  }
  return "Not decided";
}

std::string verdict_sentence(const History& history, const CheckResult& result) {
  if (result.models.size() > 1) {
    return fmt::format("{} models were checked on {}: {}.", result.models.size(),
                       counted(history.size(), "operation"), models_clause(result));
  }
  switch (result.verdict) {
    case Verdict::pass:
      return fmt::format(
          "All {} were checked, and they keep the promise of “{}”{}. This says nothing about other "
          "runs: a test shows the presence of errors, never their absence.",
          counted(history.size(), "operation"), result.model, promise_of(result.model));
    case Verdict::violation:
      return fmt::format(
          "This history breaks the promise of “{}”{}. The operations of {} below are enough to "
          "show it, and can be checked by hand.",
          result.model, promise_of(result.model),
          result.anomalies.size() == 1 ? "the anomaly" : "each anomaly");
    case Verdict::unknown:
      break;
  }
  return fmt::format(
      "The check of the model “{}” did not come to an end: {}. No violation was found, but this is "
      "not a pass.",
      result.model, result.unknown_because.empty() ? "no reason given" : result.unknown_because);
}

}  // namespace assay
