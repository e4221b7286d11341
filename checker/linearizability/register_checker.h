#pragma once
// The register as an ObjectChecker: zones if its values are unique, else the frontier search.

#include "checker/linearizability/object_checker.h"
#include "checker/linearizability/register_object.h"
#include "checker/linearizability/zone_scan.h"

namespace assay {

class RegisterChecker final : public ObjectChecker {
 public:
  /// With `scalars_only`, collections as values are an error, because the datatype was guessed.
  RegisterChecker(const History& history, bool scalars_only)
      : history_(history),
        scalars_only_(scalars_only),
        scan_(history),
        reader_(history, scalars_only) {}

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  const History& history_;
  bool scalars_only_;
  ZoneScan scan_;
  RegisterReader reader_;
};

}  // namespace assay
