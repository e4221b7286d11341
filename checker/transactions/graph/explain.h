#pragma once
// Explanations: findings and cycles as anomalies, with a reason a person can check for every step.

#include <optional>
#include <string>

#include "checker/certificate/certificate.h"
#include "checker/transactions/graph/cycles.h"
#include "checker/transactions/graph/version_orders.h"
#include "checker/verdict.h"

namespace assay {

class Explainer {
 public:
  Explainer(const Transactions& txns, const VersionOrders& orders) : txns_(txns), orders_(orders) {}

  Anomaly anomaly(const Cycle& cycle) const;
  Anomaly anomaly(const GraphFinding& finding) const;
  /// Two cycles, one for each order of two versions. `model` is what forbids them.
  Anomaly anomaly(const Anomaly& first, const Anomaly& second, std::string_view model) const;
  /// The same for the verifier.
  TransactionProof proof(const Cycle& cycle) const;
  TransactionProof proof(const GraphFinding& finding) const;

 private:
  struct Reason {
    std::optional<TxnKey> key;
    std::string because;
    std::optional<TxnIndex> shown_by;
    bool is_supposed = false;
  };
  Reason reason(TxnIndex before, TxnIndex after, Dependency kind) const;
  std::optional<Reason> read_reason(TxnIndex before, TxnIndex after) const;
  std::optional<Reason> anti_reason(TxnIndex before, TxnIndex after) const;
  std::optional<Reason> write_reason(TxnIndex before, TxnIndex after) const;
  std::span<const VersionRead> reads_of(TxnIndex t) const;
  /// Of a set: "x with 5".
  std::string element_text(std::string_view with, TxnKey key) const;
  std::string version_text(TxnKey key, std::size_t place) const;

  const Transactions& txns_;
  const VersionOrders& orders_;
};

/// "allowed by …, forbidden by …": the strongest models that do not forbid the anomaly, and the
/// weakest that do. Empty if the anomaly is not in the table.
std::string allowed_and_forbidden(std::string_view type);

}  // namespace assay
