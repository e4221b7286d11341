#pragma once
// Leader election: whoever is seen to lead a term leads it for everybody, and nobody who has seen a
// term sees an older one later. That is what elections promise without leases: an old leader may go
// on believing in itself, in its own term. O(n log n), exact.

#include <cstdint>
#include <optional>
#include <vector>

#include "checker/linearizability/clash_checker.h"
#include "checker/linearizability/extent.h"

namespace assay {

class ElectionChecker final : public ClashChecker {
 public:
  explicit ElectionChecker(const History& history) : ClashChecker(history, "terms") {}

 private:
  /// Somebody learned who leads a term.
  struct Sight {
    std::int64_t term;
    ValueId leader;
    std::int32_t process;
    Extent span;
  };

  Status read(KeyId key) override;
  std::optional<Clash> clash() const override;
  std::vector<std::uint64_t> order() const override;

  std::vector<Sight> sights_;  ///< by process, then by start
};

}  // namespace assay
