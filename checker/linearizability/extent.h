#pragma once
// When an operation was open, and which it was: what every polynomial algorithm works on.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "history/history.h"

namespace assay {

/// The operation took effect at some instant of [start, end]; end == never if it is not known to
/// have returned. `event` is its invocation; no_event: there is no such operation.
struct Extent {
  std::int64_t start = never;
  std::int64_t end = never;
  std::uint64_t event = no_event;

  bool exists() const { return event != no_event; }
  bool pending() const { return end == never; }
};

inline Extent extent_of(const History& history, const Operation& operation) {
  const auto interval = history.interval(operation.index);
  return {interval.start, operation.outcome == Outcome::ok ? interval.end : never,
          operation.invoke_event};
}

/// Is `word` one of the space separated `words`?
constexpr bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return false;
}

}  // namespace assay
