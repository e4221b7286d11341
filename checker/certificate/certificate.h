#pragma once
// Certificate: what lets the independent verifier re-check a verdict without searching.
// Its JSON form is docs/certificates.md; the verifier is verify.h and shares no code with any
// checker. This header is all that the two have in common.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/history.h"

namespace assay {

/// For pass: per key, an order of the operations that took effect, as event indices of their
/// invocations. Replayed through the sequential specification and checked against real time.
struct LinearOrder {
  std::optional<Value> key;
  std::vector<std::uint64_t> order;
};

/// For violation: operations of one key that no order explains. They contain every operation that
/// could have written a value one of them observed (closed under writers), so any linearization
/// of the whole key, restricted to them, would be one of them alone: refuting the witness by
/// trying all orders refutes the history.
struct Witness {
  std::optional<Value> key;
  std::vector<std::uint64_t> operations;
};

struct Certificate {
  std::string verdict;  ///< "pass", "violation", or empty: no certificate
  std::string model;
  std::string datatype;
  std::string history_digest;  ///< History::digest() of the history it belongs to
  Value initial;
  std::vector<LinearOrder> orders;
  std::vector<Witness> witnesses;

  bool empty() const { return verdict.empty(); }
};

std::string to_json(const Certificate& certificate);
/// Error (bad_data) names what is missing or of the wrong type.
Result<Certificate> certificate_from_json(const std::string& text);

}  // namespace assay
