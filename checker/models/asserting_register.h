#pragma once
// The register under the reading of a failed cas that Porcupine's etcd model has: it took effect as
// a read that found another value than the expected one. (RegisterModel is for the other reading:
// it did not happen.)

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/models/model.h"
#include "history/history.h"

namespace assay {

struct AssertingOp {
  enum class Kind : std::uint8_t { read, write, cas, failed_cas } kind;
  std::uint32_t found;  ///< read, cas: the value it found; failed_cas: one that it did not find
  std::uint32_t left;   ///< write, cas
  bool operator==(const AssertingOp&) const = default;
};

/// A DatatypeModel.
class AssertingRegisterModel : public ModelDefaults<std::uint32_t, AssertingOp> {
 public:
  using Kind = AssertingOp::Kind;

  AssertingRegisterModel(const History& history, const CheckOptions&) : history_(history) {
    number(history.info().initial);
  }

  static bool reads_failures() { return true; }
  Result<std::optional<Op>> decode(const Operation& operation) {
    const std::string_view name = history_.function_name(operation.function);
    const auto wrong = [&](const std::string& what) {
      return Error{ErrorKind::bad_data, fmt::format("event {}: {}, expected read, write or cas",
                                                    operation.invoke_event, what)};
    };
    const bool failed = operation.outcome == Outcome::fail;
    if (name == "read") {
      if (operation.outcome != Outcome::ok) return std::optional<Op>();
      if (operation.result == nil_value && history_.info().nil_read == NilRead::unconstrained) {
        return std::optional<Op>();
      }
      return std::optional(Op{Kind::read, number(history_.value(operation.result)), 0});
    }
    const Value argument = history_.value(operation.argument);
    if (name == "write") {
      if (failed) return std::optional<Op>();
      return std::optional(Op{Kind::write, 0, number(argument)});
    }
    if (name != "cas") return wrong(fmt::format("a register has no function '{}'", name));
    const auto* pair = argument.get_if<Value::List>();
    if (pair == nullptr || pair->size() != 2) {
      return wrong(fmt::format("the argument of cas is {}", to_text(argument)));
    }
    const std::uint32_t expected = number((*pair)[0]);
    if (failed) return std::optional(Op{Kind::failed_cas, expected, 0});
    return std::optional(Op{Kind::cas, expected, number((*pair)[1])});
  }

  static std::uint32_t initial() { return 0; }
  static std::optional<std::uint32_t> step(std::uint32_t state, const Op& op) {
    const bool fits =
        op.kind == Kind::write || (op.kind == Kind::failed_cas) != (state == op.found);
    if (!fits) return std::nullopt;
    return op.kind == Kind::write || op.kind == Kind::cas ? op.left : state;
  }
  static Effect effect(const Op& op) {
    if (op.kind == Kind::write) return Effect::overwrite;
    return op.kind == Kind::cas ? Effect::update : Effect::read;
  }
  static std::uint64_t hash(std::uint32_t state) { return mix_hash(1, state); }
  static std::uint64_t hash_of(const Op& op) {
    return mix_hash(mix_hash(static_cast<std::uint64_t>(op.kind), op.found), op.left);
  }
  /// What was found was left by the latest mutation before, which must stay: any that left this
  /// value; for a failed cas, any that left another.
  static bool needs(const Op& kept, const Op& other) {
    const bool mutates = other.kind == Kind::write || other.kind == Kind::cas;
    if (kept.kind == Kind::write || !mutates) return false;
    return (kept.kind == Kind::failed_cas) != (other.left == kept.found);
  }
  std::string words(const Op& op) const {
    switch (op.kind) {
      case Kind::read:
        return "read " + name_of(op.found);
      case Kind::write:
        return "wrote " + name_of(op.left);
      case Kind::cas:
        return fmt::format("changed {} to {} by cas", name_of(op.found), name_of(op.left));
      case Kind::failed_cas:
        break;
    }
    return fmt::format("failed to change the value by cas, because it was not {}",
                       name_of(op.found));
  }

 private:
  std::uint32_t number(const Value& value) {
    const auto [found, added] = numbers_.emplace(value, static_cast<std::uint32_t>(names_.size()));
    if (added) names_.push_back(to_text(value));
    return found->second;
  }
  const std::string& name_of(std::uint32_t value) const { return names_[value]; }

  const History& history_;
  std::map<Value, std::uint32_t> numbers_;
  std::vector<std::string> names_;
};

}  // namespace assay
