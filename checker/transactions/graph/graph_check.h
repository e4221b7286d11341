#pragma once
// Isolation levels of transactions whose version orders the history shows.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/transactions/graph/levels.h"
#include "checker/transactions/level_outcome.h"
#include "checker/transactions/transactions.h"

namespace assay {

/// Checks one level after the other on the same graphs; anomalies are looked for once.
class GraphCheck {
 public:
  /// `txns` must outlive this. `limits` are those of searches for an order of versions.
  GraphCheck(const Transactions& txns, VersionOrders orders, int max_anomalies,
             const SearchLimits& limits);

  /// Does the level have a test here? (Others belong to other engines.)
  static bool knows(std::string_view model) { return level_rule(model) != nullptr; }

  /// anomalies: those that refute the model, the smallest first. `certificate`: make one.
  LevelOutcome check(std::string_view model, bool certificate);
  bool every_order_known() const { return levels_.orders().every_order_known; }
  /// What no level can pass with: reads cannot be matched to writes. Empty if they can.
  const std::string& ambiguous() const { return levels_.orders().ambiguous; }

 private:
  struct Found {
    Anomaly anomaly;
    std::vector<TransactionProof> proofs;  ///< one, or one a case
    std::optional<Cycle> cycle;            ///< if it is one
    /// If the cycle uses an order of versions that this level alone, and what implies it, demands.
    std::string_view level{};
  };
  static bool refutes(const Found& found, const LevelRule& rule);
  void find(OrderBase base);
  void add(Found found);
  void add(const Cycle& cycle, const VersionOrders& orders, std::string_view level = {});
  void add(const std::vector<LevelCase>& cases, std::string_view level);
  void add_named(const Found& found);
  void add(const GraphFinding& finding);
  void certify(const LevelResult& result, Certificate& certificate) const;
  bool collect(const LevelRule& rule, LevelOutcome& outcome) const;

  const Transactions& txns_;
  GraphLevels levels_;
  int max_anomalies_;
  std::vector<Found> found_;
  std::array<bool, 3> searched_{};
};

}  // namespace assay
