#include "checker/linearizability/strings/string_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "history/codec.h"

namespace assay {
namespace {

void sort_by_start(StringObject& object) {
  const auto earlier = [](const StringCall& a, const StringCall& b) { return a.start < b.start; };
  if (std::is_sorted(object.calls.begin(), object.calls.end(), earlier)) return;
  std::vector<std::uint32_t> order(object.calls.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return earlier(object.calls[a], object.calls[b]);
  });
  std::vector<StringCall> calls;
  std::vector<OpIndex> operations;
  for (const std::uint32_t i : order) {
    calls.push_back(object.calls[i]);
    operations.push_back(object.operations[i]);
  }
  object.calls = std::move(calls);
  object.operations = std::move(operations);
}

}  // namespace

StringReader::StringReader(const History& history)
    : history_(history), functions_(history.function_count()) {
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    const std::string_view name = history.function_name(static_cast<FunctionId>(i));
    if (name == "get") functions_[i] = StringFunction::get;
    if (name == "put") functions_[i] = StringFunction::put;
    if (name == "append") functions_[i] = StringFunction::append;
  }
}

Result<StringObject> StringReader::read(KeyId key) {
  StringObject object;
  const auto operations = history_.operations_on(key);
  object.calls.reserve(operations.size());
  object.operations.reserve(operations.size());
  object.texts.reserve(operations.size());
  ids_.clear();
  text_of_id_.clear();
  empty_.reset();
  // A string that was never put is empty.
  const auto initial = number(history_.initial(), object);
  object.initial = initial.has_value() ? *initial : number(std::string_view(), object);
  // What the operations of a key are made of lies all over the memory. Many misses of the cache at
  // a time take as long as one: first the operations of a batch, then their texts, are fetched.
  constexpr std::size_t ahead = 12;
  constexpr std::size_t batch_size = 64;
  std::vector<Operation> batch;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i + ahead < operations.size()) history_.prefetch(operations[i + ahead]);
    batch.push_back(history_[operations[i]]);
    if (batch.size() < batch_size && i + 1 < operations.size()) continue;
    for (const Operation& operation : batch) {
      const ValueId id = text_of(operation);
      ids_.prefetch(id);
      static_cast<void>(history_.encoded(id, scratch_));
    }
    for (const Operation& operation : batch) {
      if (auto status = add(operation, object); !status) return status.error();
    }
    batch.clear();
  }
  sort_by_start(object);
  return object;
}

/// The text that the operation names.
ValueId StringReader::text_of(const Operation& operation) const {
  const bool is_get = functions_[operation.function] == StringFunction::get;
  return is_get ? operation.result : operation.argument;
}

Status StringReader::add(const Operation& operation, StringObject& object) {
  const auto function = functions_[operation.function];
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorKind::bad_data, fmt::format("event {}: {}; name another --datatype",
                                                  operation.invoke_event, what)};
  };
  if (!function.has_value()) {
    return wrong(fmt::format("a string has no function '{}', expected get, put or append",
                             history_.function_name(operation.function)));
  }
  if (operation.outcome == Outcome::fail) return {};
  const bool is_get = *function == StringFunction::get;
  const bool pending = operation.outcome == Outcome::info;
  if (is_get && pending) return {};
  const ValueId id = text_of(operation);
  const bool absent = is_get && id == nil_value;
  if (absent && history_.info().nil_read == NilRead::unconstrained) return {};
  const auto text = absent ? number(std::string_view(), object) : number(id, object);
  if (!text.has_value()) {
    return wrong("expected a string, got " + to_text(history_.value(id)));
  }
  const auto interval = history_.interval(operation.index);
  object.calls.push_back({interval.start, pending ? never : interval.end, operation.invoke_event,
                          StringOp{*function, *text}});
  object.operations.push_back(operation.index);
  return {};
}

std::uint32_t StringReader::number(std::string_view text, StringObject& object) {
  if (text.empty() && empty_.has_value()) return *empty_;
  const auto result = static_cast<std::uint32_t>(object.texts.size());
  object.texts.push_back(text);
  if (text.empty()) empty_ = result;
  return result;
}

/// Nothing: it is not a string.
std::optional<std::uint32_t> StringReader::number(ValueId id, StringObject& object) {
  const std::uint32_t raw = ids_.number(id);
  if (raw < text_of_id_.size()) {
    if (text_of_id_[raw] == IdNumbering::none) return std::nullopt;
    return text_of_id_[raw];
  }
  Decoder decoder(history_.encoded(id, scratch_));
  const bool is_text = decoder.byte() == code_string;
  text_of_id_.push_back(is_text ? number(decoder.text(), object) : IdNumbering::none);
  if (!is_text) return std::nullopt;
  return text_of_id_[raw];
}

}  // namespace assay
