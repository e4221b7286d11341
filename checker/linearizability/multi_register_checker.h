#pragma once
// The multi-register as an ObjectChecker. Its operations are transactions that take effect at one
// instant, so linearizability is strict serializability, and the polygraph (transactions/polygraph)
// decides it: most of the order follows from who read whose value, only the rest is searched. Where
// the polygraph does not apply (registers with different initial values) or gives up, the search
// over the sequential specification does what it can.

#include <memory>
#include <utility>

#include "checker/linearizability/object_checker.h"

namespace assay {

class MultiRegisterChecker final : public ObjectChecker {
 public:
  /// `search`: decides what the polygraph does not.
  MultiRegisterChecker(const History& history, std::unique_ptr<ObjectChecker> search)
      : history_(history), search_(std::move(search)) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  const History& history_;
  std::unique_ptr<ObjectChecker> search_;
};

}  // namespace assay
