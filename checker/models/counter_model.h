#pragma once
// Counters by their specification, for the searches: what decides when different amounts are added.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "checker/checker.h"
#include "checker/linearizability/extent.h"
#include "checker/models/model.h"
#include "history/history.h"

namespace assay {

struct CounterOp {
  std::int64_t number;  ///< the amount, or what a read returned
  bool reads;
  bool operator==(const CounterOp&) const = default;
};

/// A DatatypeModel. Sums wrap around as 64-bit numbers do.
class CounterModel : public ModelDefaults<std::int64_t, CounterOp> {
 public:
  CounterModel(const History& history, const CheckOptions&) : history_(history) {
    const Value initial = history.info().initial;
    if (const auto* number = initial.get_if<std::int64_t>()) initial_ = *number;
  }

  Result<std::optional<Op>> decode(const Operation& operation) const {
    const auto name = history_.function_name(operation.function);
    const bool reads = name == "read";
    if (reads && (operation.outcome != Outcome::ok || operation.result == nil_value)) {
      return std::optional<Op>();
    }
    const Value value = history_.value(reads ? operation.result : operation.argument);
    const auto* number = value.get_if<std::int64_t>();
    std::int64_t given = number == nullptr ? 1 : *number;
    if (has_word("decrement dec decr sub", name)) given = sum(0, given, -1);
    return std::optional(Op{given, reads});
  }

  State initial() const { return initial_; }
  std::optional<State> step(const State& state, const Op& op) const {
    if (!op.reads) return sum(state, op.number, 1);
    return op.number == state ? std::optional(state) : std::nullopt;
  }
  static Effect effect(const Op& op) { return op.reads ? Effect::read : Effect::blind; }
  static std::uint64_t hash(const State& state) {
    return mix_hash(static_cast<std::uint64_t>(state), 0);
  }
  static std::uint64_t hash_of(const Op& op) {
    return mix_hash(static_cast<std::uint64_t>(op.number), op.reads ? 1 : 0);
  }
  static bool needs(const Op& kept, const Op& other) { return kept.reads && !other.reads; }
  std::string words(const Op& op) const {
    return (op.reads ? "read " : "added ") + std::to_string(op.number);
  }

 private:
  static std::int64_t sum(std::int64_t a, std::int64_t b, int sign) {
    const auto amount = static_cast<std::uint64_t>(b);
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) +
                                     (sign < 0 ? 0 - amount : amount));
  }

  const History& history_;
  std::int64_t initial_ = 0;
};

}  // namespace assay
