#include "checker/models/multi_register.h"

#include <fmt/format.h>

#include <algorithm>

#include "history/word.h"

namespace assay {
namespace {}  // namespace

MultiRegisterModel::MultiRegisterModel(const History& history, const CheckOptions&)
    : history_(history) {}

std::uint32_t MultiRegisterModel::value_number(const Value& value) {
  const auto [found, added] =
      values_.emplace(value, static_cast<std::uint32_t>(value_names_.size()));
  if (added) value_names_.push_back(&found->first);
  return found->second;
}

std::uint32_t MultiRegisterModel::register_number(const Value& name) {
  const auto [found, added] =
      registers_.emplace(name, static_cast<std::uint32_t>(register_names_.size()));
  if (!added) return found->second;
  register_names_.push_back(&found->first);
  // A map as the initial value has one for each register.
  Value initial = history_.info().initial;
  if (const auto* map = history_.info().initial.get_if<Value::Map>()) {
    initial = Value();
    for (const auto& [key, value] : *map) {
      if (key == name) initial = Value(value);
    }
  }
  initial_.push_back(value_number(initial));
  return found->second;
}

Result<std::optional<MultiRegisterOp>> MultiRegisterModel::decode(const Operation& operation) {
  const auto wrong = [&](const std::string& what) {
    return Error{ErrorKind::bad_data,
                 fmt::format("event {}: {}, expected a txn of [r register value] and [w register "
                             "value]; name another --datatype",
                             operation.invoke_event, what)};
  };
  const std::string_view function = history_.function_name(operation.function);
  if (function != "txn") return wrong(fmt::format("a multi-register has no '{}'", function));
  const bool returned = operation.outcome == Outcome::ok;
  const Value steps = history_.value(returned ? operation.result : operation.argument);
  const auto* list = steps.get_if<Value::List>();
  if (list == nullptr) return wrong("got " + to_text(steps));
  Op op;
  const auto access_in = [](std::vector<Op::Access>& accesses, std::uint32_t reg) {
    return std::find_if(accesses.begin(), accesses.end(),
                        [&](const Op::Access& access) { return access.reg == reg; });
  };
  for (const Value& step : *list) {
    const auto* parts = step.get_if<Value::List>();
    if (parts == nullptr || parts->size() != 3) return wrong("got the step " + to_text(step));
    const std::string_view name = word_of((*parts)[0]);
    const bool reads = name == "r" || name == "read";
    if (!reads && name != "w" && name != "write") return wrong("got the step " + to_text(step));
    const std::uint32_t reg = register_number((*parts)[1]);
    const Value& value = (*parts)[2];
    const auto own = access_in(op.writes, reg);
    if (!reads) {
      const std::uint32_t number = value_number(value);
      if (own != op.writes.end()) {
        own->value = number;
      } else {
        op.writes.push_back({reg, number});
      }
      continue;
    }
    const bool says_nothing = value.is_nil() && history_.info().nil_read == NilRead::unconstrained;
    if (!returned || says_nothing) continue;
    const std::uint32_t number = value_number(value);
    const auto found = own != op.writes.end() ? own : access_in(op.reads, reg);
    if (found == op.reads.end()) {
      op.reads.push_back({reg, number});
    } else if (found->value != number) {
      op.impossible = true;
    }
  }
  if (op.reads.empty() && op.writes.empty() && !op.impossible) return std::optional<Op>();
  const auto by_register = [](const Op::Access& a, const Op::Access& b) { return a.reg < b.reg; };
  std::sort(op.reads.begin(), op.reads.end(), by_register);
  std::sort(op.writes.begin(), op.writes.end(), by_register);
  return std::optional(std::move(op));
}

std::optional<MultiRegisterModel::State> MultiRegisterModel::step(const State& state,
                                                                  const Op& op) const {
  if (op.impossible) return std::nullopt;
  for (const Op::Access& read : op.reads) {
    if (state[read.reg] != read.value) return std::nullopt;
  }
  State next = state;
  for (const Op::Access& write : op.writes) next[write.reg] = write.value;
  return next;
}

std::uint64_t MultiRegisterModel::hash(const State& state) {
  std::uint64_t hash = state.size();
  for (const std::uint32_t value : state) hash = mix_hash(hash, value);
  return hash;
}

std::uint64_t MultiRegisterModel::hash_of(const Op& op) {
  std::uint64_t hash = op.reads.size();
  for (const Op::Access& a : op.reads) hash = mix_hash(mix_hash(hash, a.reg), a.value);
  for (const Op::Access& a : op.writes) hash = mix_hash(mix_hash(hash, a.reg), a.value);
  return hash;
}

bool MultiRegisterModel::needs(const Op& kept, const Op& other) {
  return std::any_of(kept.reads.begin(), kept.reads.end(), [&](const Op::Access& read) {
    return std::find(other.writes.begin(), other.writes.end(), read) != other.writes.end();
  });
}

std::string MultiRegisterModel::words(const Op& op) const {
  std::string text;
  const auto add = [&](const char* verb, const std::vector<Op::Access>& accesses) {
    for (const Op::Access& access : accesses) {
      text += fmt::format("{}{} {} {} {}", text.empty() ? "" : ", ", verb,
                          to_text(*register_names_[access.reg]), verb[0] == 'r' ? "as" : "to be",
                          to_text(*value_names_[access.value]));
    }
  };
  add("read", op.reads);
  add("wrote", op.writes);
  if (op.impossible) text += ", and did not find again what it wrote or read itself";
  return text;
}

}  // namespace assay
