#include "checker/transactions/set_members.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "history/word.h"

namespace assay {
namespace {

Error bad(const Operation& operation, std::string_view what, const Value& got) {
  std::string text = to_text(got);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return {ErrorKind::bad_data,
          fmt::format("event {}: {}, got {}", operation.invoke_event, what, text)};
}

}  // namespace

Result<std::vector<SetStep>> set_steps(const Operation& operation, const Value& whole,
                                       NilRead nil_read) {
  static const Value::List nothing;
  std::vector<SetStep> steps;
  if (whole.is_nil()) return steps;
  const auto* list = whole.get_if<Value::List>();
  if (list == nullptr)
    return bad(operation, "a transaction must be a list of [f set value]", whole);
  for (const Value& each : *list) {
    const auto* parts = each.get_if<Value::List>();
    const std::string_view f =
        parts != nullptr && !parts->empty() ? word_of(parts->front()) : std::string_view();
    const std::size_t size = parts != nullptr ? parts->size() : 0;
    if (f == "add" && size == 3) {
      if ((*parts)[2].is_nil()) return bad(operation, "nil is no element of a set", each);
      steps.push_back({true, (*parts)[1], (*parts)[2], nullptr});
    } else if ((f == "r" || f == "read") && (size == 2 || size == 3)) {
      SetStep read{false, (*parts)[1], {}, nullptr};
      const Value* value = size == 3 ? &(*parts)[2] : nullptr;
      if (operation.outcome != Outcome::ok) {
        // What it read is not known.
      } else if (value == nullptr || value->is_nil()) {
        if (nil_read != NilRead::unconstrained) read.elements = &nothing;
      } else if (const auto* set = value->get_if<Value::Set>()) {
        read.elements = &set->elements;
      } else if (const auto* elements = value->get_if<Value::List>()) {
        read.elements = elements;
      } else {
        return bad(operation, "a read of a set must return a set or a list", each);
      }
      steps.push_back(std::move(read));
    } else {
      return bad(operation, "an operation must be [add set element] or [r set elements]", each);
    }
  }
  return steps;
}

Result<SetMembers> SetMembers::of(const History& history) {
  SetMembers result;
  std::map<Value, std::uint64_t> reads;
  for (OpIndex i = 0; i < history.size(); ++i) {
    const Operation operation = history[i];
    const bool ok = operation.outcome == Outcome::ok;
    const Value whole = history.value(ok ? operation.result : operation.argument);
    const auto steps = set_steps(operation, whole, history.info().nil_read);
    if (!steps) return steps.error();
    for (const SetStep& step : *steps) {
      if (step.adds) {
        result.members_[step.set].push_back(step.element);
      } else if (step.elements != nullptr) {
        ++reads[step.set];
      }
    }
  }
  for (auto& [set, members] : result.members_) {
    std::sort(members.begin(), members.end());
    members.erase(std::unique(members.begin(), members.end()), members.end());
    const auto at = reads.find(set);
    if (at != reads.end()) result.register_reads_ += at->second * members.size();
  }
  return result;
}

const std::vector<Value>& SetMembers::operator[](const Value& set) const {
  static const std::vector<Value> none;
  const auto at = members_.find(set);
  return at == members_.end() ? none : at->second;
}

}  // namespace assay
