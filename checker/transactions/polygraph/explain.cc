#include "checker/transactions/polygraph/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace assay::polygraph {

Anomaly explain(const Transactions& transactions, const Refutation& refutation,
                std::string_view model) {
  Anomaly anomaly;
  anomaly.type = refutation.type;
  anomaly.model = model;
  anomaly.key = transactions.key(refutation.key);
  for (const TxnIndex t : refutation.txns) anomaly.witness.push_back(transactions[t].event);
  std::sort(anomaly.witness.begin(), anomaly.witness.end());
  anomaly.minimal = true;
  return anomaly;
}

Anomaly explain(const Transactions& transactions, const Facts& facts, const Core& core,
                const Rules& rules, std::string_view model) {
  static_cast<void>(rules);
  Anomaly anomaly;
  anomaly.type = "no-order";
  anomaly.model = model;
  for (const NodeId n : core.nodes) {
    anomaly.witness.push_back(transactions[facts.nodes[n].txn].event);
  }
  std::sort(anomaly.witness.begin(), anomaly.witness.end());
  anomaly.minimal = core.minimal;
  return anomaly;
}

}  // namespace assay::polygraph
