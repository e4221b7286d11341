#pragma once
// The max-register: put-max leaves the larger of the old value and its own; read returns the value.
// The example of docs/adding-a-datatype.md: a sequential specification is all that a new datatype
// needs.

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "checker/checker.h"
#include "checker/models/model.h"
#include "history/history.h"

namespace assay {

struct MaxOp {
  bool is_read;
  std::int64_t value;
  bool operator==(const MaxOp&) const = default;
};

class MaxRegisterModel : public ModelDefaults<std::int64_t, MaxOp> {
 public:
  explicit MaxRegisterModel(const History& history) : history_(history) {}

  Result<std::optional<MaxOp>> decode(const Operation& operation) const {
    const bool is_read = history_.function_name(operation.function) == "read";
    if (is_read && operation.outcome != Outcome::ok) return std::optional<MaxOp>();
    const Value value = history_.value(is_read ? operation.result : operation.argument);
    const auto* number = value.get_if<std::int64_t>();
    if (number == nullptr) {
      return Error{ErrorKind::bad_data, fmt::format("event {}: expected an integer, got {}",
                                                    operation.invoke_event, to_text(value))};
    }
    return std::optional(MaxOp{is_read, *number});
  }

  std::int64_t initial() const { return 0; }
  std::optional<std::int64_t> step(std::int64_t state, const MaxOp& op) const {
    if (!op.is_read) return std::max(state, op.value);
    return op.value == state ? std::optional(state) : std::nullopt;
  }
  static Effect effect(const MaxOp& op) { return op.is_read ? Effect::read : Effect::blind; }
  static std::uint64_t hash(std::int64_t state) {
    return mix_hash(0, static_cast<std::uint64_t>(state));
  }
  static std::uint64_t hash_of(const MaxOp& op) {
    return mix_hash(op.is_read ? 1 : 0, hash(op.value));
  }
  /// Take an order of the whole history and cross out what is not in the witness. Where a kept read
  /// of 5 stood, a put-max of 5 had come before (or 5 is the initial value), and none above 5. All
  /// put-max of 5 are kept, so the same still holds.
  static bool needs(const MaxOp& kept, const MaxOp& other) {
    return kept.is_read && !other.is_read && other.value == kept.value;
  }
  std::string words(const MaxOp& op) const {
    return fmt::format("{} {}", op.is_read ? "read" : "put the maximum with", op.value);
  }

 private:
  const History& history_;
};

}  // namespace assay
