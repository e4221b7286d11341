#pragma once
// Bags, FIFO queues, stacks and priority queues as ObjectCheckers: decrease and conquer if every
// value was put in once, else the search that knows only the specification.

#include "checker/linearizability/containers/container.h"
#include "checker/linearizability/containers/solve.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

class ContainerChecker final : public ObjectChecker {
 public:
  /// `search` decides what the polynomial algorithms cannot; may be null.
  ContainerChecker(const History& history, ContainerKind kind,
                   std::unique_ptr<ObjectChecker> search)
      : history_(history), kind_(kind), reader_(history, kind), search_(std::move(search)) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  const History& history_;
  ContainerKind kind_;
  ContainerReader reader_;
  std::unique_ptr<ObjectChecker> search_;
};

}  // namespace assay
