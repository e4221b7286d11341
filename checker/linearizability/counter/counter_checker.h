#pragma once
// Counters. What a read returned must lie between what was certainly added before it and what may
// have been. If all additions are of one amount they are all alike: then an addition is put into
// the order only when its return, or the return of a read that needs it, forces it, and the one
// that ends first goes first. That is exact, O(n log n). With different amounts the question
// contains subset sum; the search decides what the bounds do not.

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

class CounterChecker final : public ObjectChecker {
 public:
  /// `search` decides counters with different amounts; may be null.
  CounterChecker(const History& history, std::unique_ptr<ObjectChecker> search);

  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) override;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome,
                           const SearchLimits& limits) override;

 private:
  struct Call {
    Extent span;
    std::int64_t number;  ///< the amount, or what a read returned
    bool reads;
  };
  /// A read and its bounds, or two reads and the bounds of their difference.
  struct Bound {
    std::vector<std::uint64_t> reads;
    std::int64_t found;
    std::int64_t least;
    std::int64_t most;
  };

  Status read(KeyId key);
  /// REQUIRES that all amounts have one sign. `before`: returned before `read` began; or null.
  std::optional<Bound> broken(const Call& read, const Call* before) const;
  std::optional<Bound> broken_bound() const;
  KeyOutcome count(const std::vector<Call>& calls, bool want_order) const;

  const History& history_;
  std::unique_ptr<ObjectChecker> search_;
  std::int64_t initial_ = 0;
  std::vector<std::int8_t> signs_;  ///< by FunctionId: +1 adds, -1 subtracts, 0 reads, 2 unknown
  std::vector<Call> calls_;         ///< by start
  std::int64_t amount_ = 0;
  bool one_amount_ = true;
  bool one_sign_ = true;
};

}  // namespace assay
