#pragma once
// Locks that only their holder releases. A hold contains everything between the return of its
// acquire and the beginning of its release, and choosing exactly that is best: so a mutex is
// linearizable exactly if these minimal holds are disjoint. The tokens of a fenced lock order its
// holds, which must agree with real time. O(n log n), exact.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

class HoldsChecker final : public ObjectChecker {
 public:
  HoldsChecker(const History& history, bool fenced) : history_(history), fenced_(fenced) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  struct Hold {
    Extent acquire;
    Extent release;  ///< does not exist: held to the end
    std::int64_t token = 0;
  };
  /// Two holds that cannot both be, or a release without a hold.
  struct Conflict {
    std::size_t first = 0;  ///< of holds_
    std::size_t second = 0;
    std::vector<std::uint64_t> unheld;  ///< the release, after what its process did before
  };

  Status read(KeyId key);
  std::optional<Conflict> conflict();

  const History& history_;
  bool fenced_;
  std::vector<Hold> holds_;  ///< fenced: by token; else by the ends of the acquires
  std::vector<std::uint64_t> unheld_;
  std::string open_;  ///< why this cannot be decided
};

}  // namespace assay
