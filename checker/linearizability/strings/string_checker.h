#pragma once
// The string as an ObjectChecker: chains and zones if what the gets show was written once each,
// else the search.

#include "checker/linearizability/object_checker.h"
#include "checker/linearizability/strings/string_object.h"

namespace assay {

class StringChecker final : public ObjectChecker {
 public:
  explicit StringChecker(const History& history) : history_(history), reader_(history) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  const History& history_;
  StringReader reader_;
};

}  // namespace assay
