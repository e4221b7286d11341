#pragma once
// Fencing: a lock hands out tokens that grow, and a resource acts for a token only if it has not
// acted for a larger one. Nothing is said about how long a lock is held, so it may be taken from a
// holder that is silent; what such a holder does too late is refused. The two halves have nothing
// to do with each other, so each is judged by itself: what succeeded, ordered by tokens, must agree
// with real time. O(n log n), exact.
// Source: Burrows, "The Chubby lock service for loosely-coupled distributed systems", 2006, section
// 2.4; Kleppmann, "How to do distributed locking", 2016.

#include <cstdint>
#include <optional>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

class FencingChecker final : public ObjectChecker {
 public:
  explicit FencingChecker(const History& history) : history_(history) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  struct Step {
    std::int64_t token = 0;
    Extent span;
  };
  struct Conflict {
    Step first;  ///< has the smaller token, or the same
    Step second;
    bool of_uses = false;
  };

  Status read(KeyId key);
  std::optional<Conflict> conflict() const;
  std::vector<std::uint64_t> order() const;

  const History& history_;
  std::vector<Step> grants_;  ///< both by token
  std::vector<Step> uses_;
};

}  // namespace assay
