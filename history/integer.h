#pragma once
// Integers of a History without the detour over a Value.

#include <cstdint>
#include <optional>

#include "history/history.h"

namespace assay {

/// The integer that is in the id itself; nothing for any other value, and for integers too large.
constexpr std::optional<std::int64_t> integer_in(ValueId id) {
  const auto bits = static_cast<std::uint64_t>(id);
  if ((bits & 3U) != 1) return std::nullopt;
  return static_cast<std::int64_t>(bits) >> 2;
}

/// The id of an integer, if it has room in it.
constexpr std::optional<ValueId> id_of(std::int64_t integer) {
  constexpr std::int64_t limit = std::int64_t{1} << 60U;
  if (integer < -limit || integer >= limit) return std::nullopt;
  return static_cast<ValueId>((static_cast<std::uint64_t>(integer) << 2U) | 1U);
}

/// The value, if it is an integer.
inline std::optional<std::int64_t> integer_of(const History& history, ValueId id) {
  if (const auto small = integer_in(id)) return small;
  const Value value = history.value(id);
  const auto* number = value.get_if<std::int64_t>();
  return number == nullptr ? std::nullopt : std::optional(*number);
}

}  // namespace assay
