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

#include "checker/linearizability/clash_checker.h"
#include "checker/linearizability/extent.h"

namespace assay {

class FencingChecker final : public ClashChecker {
 public:
  explicit FencingChecker(const History& history) : ClashChecker(history, "tokens") {}

 private:
  struct Step {
    std::int64_t token = 0;
    Extent span;
  };

  Status read(KeyId key) override;
  std::optional<Clash> clash() const override;
  std::vector<std::uint64_t> order() const override;

  std::vector<Step> grants_;  ///< both by token
  std::vector<Step> uses_;
};

}  // namespace assay
