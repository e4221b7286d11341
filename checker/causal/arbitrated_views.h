#pragma once
// The views of all sessions at once, where one order of all operations nearly is one for each: of
// what a session sees first, the order decides. Most histories that satisfy causal memory or pram
// need no more.

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "checker/transactions/weak/observations.h"

namespace assay::causal {

/// Keeps references to both arguments. Not thread-safe.
class ArbitratedViews {
 public:
  /// `order`: all nodes; contains session order, reads-from and, for each read, that the last
  /// visible write is what it returned. `causal`: the views contain the causal order; else only
  /// the order of each session.
  ArbitratedViews(const weak::Observations& seen, const std::vector<weak::Node>& order,
                  bool causal);

  /// All operations in an order in which each read of the session finds the last write before it;
  /// nothing if this way finds none, though there may be one. O(n), with causal order 64 bytes an
  /// operation. Fastest for sessions in their order.
  std::optional<std::vector<weak::Node>> view(std::uint32_t session);

 private:
  static constexpr std::size_t lanes = 16;
  using Row = std::array<std::uint32_t, lanes>;

  void find_causes(std::uint32_t block);
  void find_seen(std::uint32_t session);

  const weak::Observations& seen_;
  const std::vector<weak::Node>& order_;
  bool causal_;
  std::optional<std::uint32_t> block_;  ///< the sessions that first_ is about
  /// By node and session of the block: the first operation of the session that it precedes.
  std::vector<Row> first_;
  std::vector<std::uint32_t> batch_;  ///< by node: the same for one session
  std::vector<weak::Node> last_;      ///< by key: the last write
};

}  // namespace assay::causal
