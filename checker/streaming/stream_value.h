#pragma once
// StreamValue: the identity of a value in 128 bits, so that a checker of a history without end need
// not keep the values themselves. Integers, nil and booleans are exact; everything else is a hash
// of the canonical bytes: two different values are taken for one with probability 2^-126.

#include <cstddef>
#include <cstdint>

#include "history/value.h"

namespace assay {

struct StreamValue {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const StreamValue&) const = default;
};

/// No operation writes or reads this one: what a register held is forgotten.
inline constexpr StreamValue forgotten_value{0, 4};

StreamValue stream_value(const Value& value);

/// For hash tables.
struct StreamValueHash {
  std::size_t operator()(const StreamValue& value) const {
    std::uint64_t hash = (value.low ^ (value.high << 1U)) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 29U;
    return hash * 0xbf58476d1ce4e5b9ULL;
  }
};

}  // namespace assay
