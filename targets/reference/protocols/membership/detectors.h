#pragma once
// Failure detectors: from the times at which a member was heard, whether to suspect it. A member
// that is slow and one that has crashed look alike, so every detector trades the time to detection
// against false suspicions (Chandra and Toueg, "Unreliable failure detectors", 1996).

#include <cstddef>
#include <deque>
#include <map>

#include "base/clock.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// Not thread-safe. A member that was never heard is not suspected before it is expected to be.
class FailureDetector {
 public:
  virtual ~FailureDetector() = default;
  /// From now on this member ought to be heard.
  virtual void expect(NodeId member, Nanos now) = 0;
  virtual void heard(NodeId member, Nanos now) = 0;
  virtual bool suspects(NodeId member, Nanos now) const = 0;
};

/// Suspects whoever was silent for a fixed time.
class TimeoutDetector final : public FailureDetector {
 public:
  explicit TimeoutDetector(Nanos timeout) : timeout_(timeout) {}
  void expect(NodeId member, Nanos now) override { last_.try_emplace(member, now); }
  void heard(NodeId member, Nanos now) override { last_[member] = now; }
  bool suspects(NodeId member, Nanos now) const override;

 private:
  Nanos timeout_;
  std::map<NodeId, Nanos> last_;
};

struct PhiOptions {
  double threshold = 8;      ///< suspected once the chance that it still comes is 10^-threshold
  std::size_t window = 100;  ///< intervals that are remembered
  Nanos first_interval = std::chrono::milliseconds(200);  ///< assumed before any was seen
  /// Intervals deviate at least so much. Without it, a member that was perfectly regular would be
  /// suspected after the least delay.
  Nanos deviation_min = std::chrono::milliseconds(20);
};

/// Phi accrual: the suspicion grows with the silence, measured against how regular the member was.
/// Source: Hayashibara, Défago, Yared and Katayama, "The phi accrual failure detector", 2004.
class PhiAccrualDetector final : public FailureDetector {
 public:
  explicit PhiAccrualDetector(PhiOptions options) : options_(options) {}
  void expect(NodeId member, Nanos now) override;
  void heard(NodeId member, Nanos now) override;
  bool suspects(NodeId member, Nanos now) const override {
    return phi(member, now) >= options_.threshold;
  }
  /// -log10 of the chance that a silence as long as the present one comes to an end yet, if
  /// intervals are normally distributed. 0 if it was never expected.
  double phi(NodeId member, Nanos now) const;

 private:
  struct Arrivals {
    Nanos last{0};
    std::deque<double> intervals_ms;
  };
  PhiOptions options_;
  std::map<NodeId, Arrivals> arrivals_;
};

}  // namespace assay::reference
