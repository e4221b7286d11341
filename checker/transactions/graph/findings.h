#pragma once
// Findings: collects the anomalies that need no cycle, a bounded number of each type.

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checker/transactions/graph/version_orders.h"

namespace assay {

class Findings {
 public:
  Findings(const Transactions& txns, int each_max) : txns_(txns), each_max_(each_max) {}

  /// `type` must outlive the findings: a literal.
  void add(std::string_view type, TxnKey key, const std::vector<TxnIndex>& transactions,
           std::initializer_list<TxnValue> values, std::string_view because) {
    if (++counts_[type] > each_max_) return;
    GraphFinding finding{type, key, {}, values, std::string(because)};
    for (const TxnIndex t : transactions) {
      if (t < txns_.size()) finding.transactions.push_back(t);
    }
    list_.push_back(std::move(finding));
  }
  /// Adds what others found behind these.
  void append(Findings&& more) {
    for (GraphFinding& finding : more.list_) {
      if (++counts_[finding.type] <= each_max_) list_.push_back(std::move(finding));
    }
  }
  std::vector<GraphFinding> take() && { return std::move(list_); }

 private:
  const Transactions& txns_;
  int each_max_;
  std::map<std::string_view, int> counts_;
  std::vector<GraphFinding> list_;
};

}  // namespace assay
