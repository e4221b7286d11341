#pragma once
// Refutes witnesses: a few operations of one key that no order explains, whatever else happened.
// Part of the independent verifier; shrinking asks it whether a smaller witness would do as well.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checker/certificate/certificate.h"
#include "checker/certificate/closure.h"
#include "checker/certificate/specification.h"
#include "history/history.h"

namespace assay {

/// An operation as specifications see it.
Act act_of(const History& history, std::string_view datatype, const Operation& operation);

/// The history outlives it.
class WitnessVerifier {
 public:
  WitnessVerifier(const History& history, std::string_view datatype, KeyId key)
      : history_(history), datatype_(datatype), key_(key) {}

  /// Success only if the witness refutes the key: it is closed and none of its orders is legal, or
  /// a rule refutes it. Scans the key's operations a few times. Where there is no rule, exponential
  /// in the witness: at most 48 operations are accepted, and a million beginnings of their orders.
  Status refute(const Witness& witness) const;

  /// Keeps the key's operations, some hundred bytes each, so that refute() need not decode them
  /// again.
  void remember();

 private:
  Result<std::vector<Act>> collect(const std::vector<std::uint64_t>& events) const;
  void each(const std::function<void(const Act&)>& visit) const;
  Result<bool> has_legal_order(const Evidence& evidence) const;

  const History& history_;
  std::string datatype_;
  KeyId key_;
  std::vector<Act> remembered_;
  bool remembers_ = false;
};

}  // namespace assay
