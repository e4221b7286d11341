#pragma once
// A part of a history that is a history itself: whole operations, under their own event indices.

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/history.h"

namespace assay {

/// What must hold for an operation to stay; nothing asked for holds for all.
struct Cut {
  std::vector<Value> keys{};
  std::set<ProcessId> processes{};
  /// Of the invocation, both ends included.
  std::optional<std::uint64_t> from_event{};
  std::optional<std::uint64_t> to_event{};
  std::optional<Nanos> from_time{};
  std::optional<Nanos> to_time{};
  /// Positions of operations in the order of the invocations, both ends included.
  std::optional<OpIndex> first{};
  std::optional<OpIndex> last{};
  /// Events of which each kept operation's invocation must be one; then no fault stays.
  std::optional<std::set<std::uint64_t>> invocations{};
};

/// Completions stay with their invocations, wherever they are. Faults stay if they lie between
/// from and to. Error: bad_data if nothing is left. O(n log n).
Result<History> cut(const History& history, const Cut& wanted);

}  // namespace assay
