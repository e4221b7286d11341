#pragma once
// ClashChecker: the frame of objects that two operations refute, or none. Of such an object the
// operations are read, a clash is looked for, and without one there is an order.

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/linearizability/extent.h"
#include "checker/linearizability/narrator.h"
#include "checker/linearizability/object_checker.h"

namespace assay {

/// Two operations that cannot both be.
struct Clash {
  std::string_view anomaly;
  std::uint64_t first;  ///< events
  std::uint64_t second;
  std::function<std::string(const Narrator&)> tell;
};

class ClashChecker : public ObjectChecker {
 public:
  Result<KeyOutcome> decide(KeyId key, const SearchLimits& limits, bool want_order) final;
  ExplainedAnomaly explain(KeyId key, const KeyOutcome& outcome, const SearchLimits& limits) final;

 protected:
  /// `algorithm`: a literal.
  ClashChecker(const History& history, std::string_view algorithm)
      : history_(history), algorithm_(algorithm) {}

  /// Errors as those of decide.
  virtual Status read(KeyId key) = 0;
  virtual std::optional<Clash> clash() const = 0;
  /// Events of a linearization. REQUIRES no clash.
  virtual std::vector<std::uint64_t> order() const = 0;

  const History& history_;

 private:
  std::string_view algorithm_;
};

/// The merging of sequences, each operation as early as it and those before it in its sequence
/// allow.
class EarliestOrder {
 public:
  void begin_sequence() { latest_ = std::numeric_limits<std::int64_t>::min(); }
  /// `rank`: of those of one instant, which goes first; of equal ones the one added first.
  void add(const Extent& span, std::int64_t rank);
  std::vector<std::uint64_t> events() &&;

 private:
  struct Placed {
    std::int64_t at;
    std::int64_t rank;
    std::uint64_t event;
  };
  std::int64_t latest_ = std::numeric_limits<std::int64_t>::min();
  std::vector<Placed> placed_;
};

}  // namespace assay
