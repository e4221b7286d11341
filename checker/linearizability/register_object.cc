#include "checker/linearizability/register_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace assay {
namespace {

/// Leaves out pending mutations whose value no returned call needs, directly or through another
/// pending cas: any order stays legal without them.
void drop_needless(RegisterObject& object) {
  std::vector<std::uint32_t> pending;
  std::vector<bool> needed(object.value_count, false);
  for (std::uint32_t i = 0; i < object.calls.size(); ++i) {
    const RegisterCall& call = object.calls[i];
    if (call.pending()) pending.push_back(i);
    if (!call.pending() && call.op.observes()) needed[call.op.observed()] = true;
  }
  if (pending.empty()) return;
  // Newest first: a cas mostly needs what was written before it.
  std::reverse(pending.begin(), pending.end());
  for (bool changed = true; changed;) {
    changed = false;
    for (const std::uint32_t i : pending) {
      const RegisterOp& op = object.calls[i].op;
      if (!needed[op.value] || !op.observes() || needed[op.observed()]) continue;
      needed[op.observed()] = true;
      changed = true;
    }
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < object.calls.size(); ++i) {
    if (object.calls[i].pending() && !needed[object.calls[i].op.value]) continue;
    object.calls[kept] = object.calls[i];
    object.operations[kept++] = object.operations[i];
  }
  object.calls.resize(kept);
  object.operations.resize(kept);
}

void sort_by_start(RegisterObject& object) {
  const auto earlier = [](const RegisterCall& a, const RegisterCall& b) {
    return a.start < b.start;
  };
  if (std::is_sorted(object.calls.begin(), object.calls.end(), earlier)) return;
  std::vector<std::uint32_t> order(object.calls.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return earlier(object.calls[a], object.calls[b]);
  });
  RegisterObject sorted;
  sorted.value_count = object.value_count;
  for (const std::uint32_t i : order) {
    sorted.calls.push_back(object.calls[i]);
    sorted.operations.push_back(object.operations[i]);
  }
  object = std::move(sorted);
}

}  // namespace

RegisterReader::RegisterReader(const History& history, bool scalars_only)
    : history_(history), scalars_only_(scalars_only), functions_(history.function_count()) {
  for (std::size_t i = 0; i < functions_.size(); ++i) {
    const std::string_view name = history.function_name(static_cast<FunctionId>(i));
    if (name == "read") functions_[i] = RegisterFunction::read;
    if (name == "write") functions_[i] = RegisterFunction::write;
    if (name == "cas") functions_[i] = RegisterFunction::cas;
  }
}

Result<RegisterObject> RegisterReader::read(KeyId key, const SearchLimits& limits) {
  RegisterObject object;
  const auto operations = history_.operations_on(key);
  object.calls.reserve(operations.size());
  object.operations.reserve(operations.size());
  strangers_.clear();
  numbers_.clear(operations.size());
  numbers_.number(history_.initial());
  constexpr std::size_t ahead = 12;
  constexpr std::size_t pause = std::size_t{1} << 16U;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i + ahead < operations.size()) history_.prefetch(operations[i + ahead]);
    if (i % pause == pause - 1 && limits.time_is_up()) return object;
    if (auto status = add(history_[operations[i]], object); !status) return status.error();
  }
  object.value_count = numbers_.size();
  sort_by_start(object);
  drop_needless(object);
  return object;
}

Status RegisterReader::add(const Operation& operation, RegisterObject& object) {
  const auto function = functions_[operation.function];
  if (!function.has_value()) {
    return Error{ErrorKind::bad_data,
                 fmt::format("event {}: a register has no function '{}', expected read, write or "
                             "cas; name another --datatype",
                             operation.invoke_event, history_.function_name(operation.function))};
  }
  if (operation.outcome == Outcome::fail) return {};
  const bool pending = operation.outcome == Outcome::info;
  RegisterOp op{0, 0, *function};
  if (*function == RegisterFunction::cas) {
    const Value argument = history_.value(operation.argument);
    const auto* pair = argument.get_if<Value::List>();
    if (pair == nullptr || pair->size() != 2) {
      return Error{ErrorKind::bad_data,
                   fmt::format("event {}: the argument of cas must be a list [old new], got {}",
                               operation.invoke_event, to_text(argument))};
    }
    op.expected = number((*pair)[0]);
    op.value = number((*pair)[1]);
  } else {
    const bool is_read = *function == RegisterFunction::read;
    if (is_read && pending) return {};
    const ValueId id = is_read ? operation.result : operation.argument;
    if (is_read && id == nil_value && history_.info().nil_read == NilRead::unconstrained) return {};
    const std::uint32_t known = numbers_.size();
    op.value = numbers_.number(id);
    if (scalars_only_ && op.value == known) {
      if (auto status = check_scalar(id, operation.invoke_event); !status) return status;
    }
  }
  const auto interval = history_.interval(operation.index);
  object.calls.push_back(
      {interval.start, pending ? never : interval.end, operation.invoke_event, op});
  object.operations.push_back(operation.index);
  return {};
}

Status RegisterReader::check_scalar(ValueId id, std::uint64_t event) const {
  const Value value = history_.value(id);
  if (!value.is_collection()) return {};
  return Error{ErrorKind::usage,
               fmt::format("event {}: cannot tell the datatype: read and write look like a "
                           "register, but the value is {}; say --datatype register if it is "
                           "one, or --keyed yes if values are [key value] pairs",
                           event, to_text(value))};
}

std::uint32_t RegisterReader::number(const Value& value) {
  if (const auto id = history_.find(value)) return numbers_.number(*id);
  const auto known = strangers_.find(value);
  if (known != strangers_.end()) return known->second;
  return strangers_.emplace(value, numbers_.next()).first->second;
}

}  // namespace assay
