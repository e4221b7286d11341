#pragma once
// Mutexes and semaphores in Knossos' reading: whoever releases, a permit comes back. Acquires are
// all alike, and so are releases; so an operation is put into the order only when its return forces
// it, and what must come before it is the open operation that ends first. O(n log n), exact.
//
// If no order exists there is a window of time in which more acquires begin and return than there
// are permits and releases that touch it, or more releases than acquires and permits to give back.

#include <cstdint>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

class PermitsChecker final : public ObjectChecker {
 public:
  /// `permits` >= 1.
  PermitsChecker(const History& history, std::int64_t permits)
      : history_(history), permits_(permits) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  struct Call {
    Extent span;
    bool acquires;
  };
  Status read(KeyId key);

  const History& history_;
  std::int64_t permits_;
  std::vector<Call> calls_;  ///< by start
};

}  // namespace assay
