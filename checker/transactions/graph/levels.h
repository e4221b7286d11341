#pragma once
// Levels: the isolation levels as tests on version orders and dependencies.
//
// A pass is a proof where the test is complete: the version order is known, or whatever is unknown
// about it can be filled in along a linear order of the graph without making a new cycle. That is
// so for read-uncommitted, read-committed, monotonic-atomic-view, prefix and the serializable
// family: versions that nobody read get their places by the linear order, so the edges they add
// all lead forward in it. For the others an edge between such versions can meet an
// anti-dependency; there a candidate for the whole order is tried, and if it does not satisfy the
// level, the verdict is unknown here (and the polygraph decides).

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/transactions/graph/cycles.h"
#include "checker/transactions/graph/dependencies.h"
#include "checker/transactions/graph/version_orders.h"
#include "checker/verdict.h"

namespace assay {

/// Which cycles a level forbids.
enum class LevelTest : std::uint8_t {
  dirty_writes,  ///< ww only
  information,   ///< ww and wr
  single,        ///< at most one anti-dependency
  prefix,        ///< no anti-dependency but after process and wr
  snapshot,      ///< no two anti-dependencies in a row
  serial,        ///< any
};
/// What a transaction must see of another one of which it saw something.
enum class Visibility : std::uint8_t { any, later_reads, all_reads };

struct LevelRule {
  std::string_view model;
  OrderBase base;
  LevelTest test;
  Visibility visibility;
  bool forbids_lost_updates;  ///< other than by its cycles
};
/// None for the models of other engines.
const LevelRule* level_rule(std::string_view model);

/// Does the level forbid such a cycle?
bool forbids(const LevelRule& rule, const Cycle& cycle);

struct LevelCase {
  VersionStep supposed;
  Cycle cycle;
};

struct LevelResult {
  Verdict verdict = Verdict::unknown;
  std::string unknown_because;
  std::optional<Cycle> cycle;          ///< one that the level forbids, if that is why
  std::vector<GraphFinding> findings;  ///< others that the level forbids
  /// Or two: whichever of two versions is supposed to be the first, there is a cycle.
  std::vector<LevelCase> cases;
  /// pass: snapshots and commits, 2 t and 2 t + 1, in an order that satisfies the level; serial:
  /// transactions only, t.
  std::vector<NodeIndex> order;
  bool snapshots = false;
  std::optional<VersionOrders> versions;  ///< if they had to be completed for that
};

/// Keeps the graphs it made. Not thread-safe.
class GraphLevels {
 public:
  GraphLevels(const Transactions& txns, VersionOrders orders, SearchLimits limits = {});

  const VersionOrders& orders() const { return orders_; }
  const Dependencies& graph(OrderBase base);
  /// Findings of version_orders.h are not looked at: the caller knows which models they refute.
  /// `with_versions`: of a pass, the completed orders are wanted (they take as much memory again).
  LevelResult check(const LevelRule& rule, bool with_versions);

 private:
  LevelResult check_cycles(const LevelRule& rule, const Dependencies& graph);
  std::vector<std::uint32_t> positions(const LevelResult& ordered) const;
  std::vector<NodeIndex> late_snapshots(const Dependencies& graph) const;
  LevelResult any_order() const;
  LevelResult try_completion(const LevelRule& rule);
  LevelResult search_tails(const LevelRule& rule);
  std::vector<LevelCase> find_cases(const LevelRule& rule, const std::vector<TxnIndex>& among);

  const Transactions& txns_;
  VersionOrders orders_;
  SearchLimits limits_;
  std::array<std::optional<Dependencies>, 3> graphs_;
};

/// Transactions that saw some effects of another transaction and missed others; lost updates in the
/// wide sense (the version that a transaction read and replaced had been replaced by another).
/// Where orders are unknown, steps that the level demands are added to `orders` instead: all of
/// them, but for lost updates of registers.
std::vector<GraphFinding> invisible_effects(const Transactions& txns, VersionOrders& orders,
                                            Visibility visibility);
std::vector<GraphFinding> stale_updates(const Transactions& txns, VersionOrders& orders);

/// The orders with every tail put in the order of `position` (of the writers); `along_updates`:
/// with each chain of updates in one piece, at the position of its first version.
VersionOrders completed(const VersionOrders& orders, const std::vector<std::uint32_t>& position,
                        bool along_updates = false);

}  // namespace assay
