#pragma once
// Leader election: whoever is seen to lead a term leads it for everybody, and nobody who has seen a
// term sees an older one later. That is what elections promise without leases: an old leader may go
// on believing in itself, in its own term. O(n log n), exact.

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

class ElectionChecker final : public ObjectChecker {
 public:
  explicit ElectionChecker(const History& history);

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  /// Somebody learned who leads a term.
  struct Sight {
    std::int64_t term;
    ValueId leader;
    std::int32_t process;
    Extent span;
  };
  struct Conflict {
    std::uint32_t first;  ///< of sights_
    std::uint32_t second;
    bool went_back;
  };

  Status read(KeyId key);
  std::optional<Conflict> conflict() const;
  std::vector<std::uint64_t> order() const;

  const History& history_;
  std::vector<Sight> sights_;  ///< by process, then by start
};

}  // namespace assay
