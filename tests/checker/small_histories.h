#pragma once
// Makers of small histories for the checker's tests.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "checker/models/register.h"
#include "history/history.h"

namespace assay {

/// start and end of each of n operations, n = size/2.
struct Shape {
  std::vector<std::int64_t> start;
  std::vector<std::int64_t> end;
};

/// All ways in which n operations can lie in time, up to which is which: no two have the same
/// order "a returned before b began". 1, 2, 5, 15, 53, 217 of them for n = 1 … 6.
std::vector<Shape> all_shapes(std::size_t n);

/// Calls that may or may not be linearizable: half of them follow a simulated register, some of
/// whose results are then changed.
struct RandomCalls {
  std::size_t count = 6;
  std::uint32_t values = 3;  ///< with the initial one
  double cas = 0.3;
  double pending = 0.2;
  double wrong = 0.1;       ///< reads whose result is replaced
  std::int64_t length = 4;  ///< the mean duration, in ticks between starts
  bool unique = false;      ///< every write has its own value
};
std::vector<RegisterCall> random_calls(Random& random, const RandomCalls& options);

/// Calls that a search may be given: sorted by start, needless pending ones left out.
std::vector<RegisterCall> searchable(std::vector<RegisterCall> calls);

/// The calls as a history of one key, one process a call, or of several keys, one vector each.
/// `event_of`: by key and call, the event index of the invocation.
History as_history(const std::vector<std::vector<RegisterCall>>& keys, bool keyed,
                   std::vector<std::vector<std::uint64_t>>* event_of = nullptr);

}  // namespace assay
