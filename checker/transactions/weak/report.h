#pragma once
// From cycles and flaws to anomalies, in words and as a certificate.

#include <string>
#include <string_view>

#include "checker/certificate/certificate.h"
#include "checker/transactions/weak/commit_graph.h"
#include "checker/verdict.h"

namespace assay::weak {

enum class Level : std::uint8_t {
  read_committed,
  monotonic_atomic_view,
  read_atomic,
  transactional_causal
};

class Reporter {
 public:
  Reporter(const Observations& seen, const CommitEdges& edges, CommitGraph& graph, Level level,
           std::string_view model)
      : seen_(seen), edges_(edges), graph_(graph), level_(level), model_(model) {}

  Anomaly anomaly(const Cycle& cycle) const;
  Anomaly anomaly(const FlawedRead& flaw) const;
  CertifiedCycle evidence(const Cycle& cycle) const;
  CertifiedCycle evidence(const FlawedRead& flaw) const;

 private:
  struct Names;

  Anomaly describe(const Cycle& cycle, Names& names) const;

  std::uint64_t event(Node node) const { return seen_.txn(node).event; }
  TxnKey key_of(const CycleEdge& edge) const;
  /// How the source of a commit edge is visible to its reader.
  Cycle path_of(const CommitEdge& edge) const;
  bool sees_session(const Cycle& cycle) const;
  std::string type_of(const Cycle& cycle) const;
  std::string because(const CycleEdge& edge, Names& names) const;
  std::string seen_through(const CommitEdge& edge, Names& names) const;
  std::string text_of(Node node) const;
  std::string found(const Read& read) const;

  const Observations& seen_;
  const CommitEdges& edges_;
  CommitGraph& graph_;
  Level level_;
  std::string_view model_;
};

}  // namespace assay::weak
