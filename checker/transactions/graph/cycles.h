#pragma once
// Cycles: witnesses for what a level forbids. One of each class a strongly connected component,
// found by bounded breadth-first searches: nothing is enumerated, so nothing times out.

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "checker/transactions/graph/dependencies.h"

namespace assay {

/// transactions[i] comes before transactions[i + 1] by kinds[i]; the last one before the first.
struct Cycle {
  std::vector<TxnIndex> transactions;
  std::vector<Dependency> kinds;
  bool operator==(const Cycle&) const = default;
};

/// Adya's classes, weakest first, by their anti-dependencies: none, ww only; none; exactly one;
/// several but no two in a row; any.
enum class CycleClass : std::uint8_t { g0, g1c, g_single, g_nonadjacent, g2 };
CycleClass class_of(const Cycle& cycle);
/// G-single-item-realtime, …: the class, and the strongest of the orders that the cycle needs.
std::string type_of(const Cycle& cycle);

/// The shortest cycles found, at most `max` of each class and with at most one of a class in a
/// component. `base`: cycles of a process or of real time are those with such an edge.
/// `work`: edges looked at, for each component and class.
std::vector<Cycle> find_cycles(const Dependencies& graph, OrderBase base, int max,
                               std::size_t work);

/// A cycle, if there is one: of `kinds` only; without two anti-dependencies in a row (or as
/// prefix consistency allows them). Short, but not of a certain class.
std::optional<Cycle> find_serial_cycle(const Dependencies& graph, std::uint8_t kinds);
std::optional<Cycle> find_snapshot_cycle(const Dependencies& graph, bool prefix);
/// A cycle with exactly one anti-dependency. Exact within `work`, nodes looked at: none means that
/// there is none, if there is no cycle without anti-dependencies either.
std::optional<Cycle> find_single_cycle(
    const Dependencies& graph, std::uint64_t work = std::numeric_limits<std::uint64_t>::max());

}  // namespace assay
