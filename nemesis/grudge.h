#pragma once
// Grudge: which node hears which no more. The directed graph behind every partition.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"

namespace assay {

/// grudge[i]: the nodes whose packets node i drops, ascending. Positions, from 0.
using Grudge = std::vector<std::vector<std::size_t>>;

enum class PartitionKind {
  halves,           ///< two sides, a smaller and a larger half
  one,              ///< one node against all others
  minority_third,   ///< a third of the nodes or fewer, at least one, against all others
  majorities_ring,  ///< each node hears a majority, no two the same one
  bridge,           ///< two halves, and one node that hears both
  one_way,          ///< one side does not hear the other, but is heard
};
inline constexpr std::size_t partition_kind_count = 6;

/// "halves", "one", "minority-third", "majorities-ring", "bridge", "one-way".
std::string_view name_of(PartitionKind kind);
std::optional<PartitionKind> partition_kind_named(std::string_view name);

/// A partition of that kind among n nodes, its roles dealt by `random`. Where n is too small for
/// the kind (a bridge or a ring needs three nodes) it is `halves`. Fewer than two nodes: no cuts.
Grudge make_grudge(PartitionKind kind, std::size_t n, Random& random);

/// One node, named, against all others.
Grudge isolate(std::size_t node, std::size_t n);

/// How a person reads it: "n1 n2 | n3 n4 n5" where it falls into sides, else who does not hear
/// whom: "n1 -/-> n3 n4; …" (n3 and n4 drop what n1 sends).
std::string describe(const Grudge& grudge, const std::vector<std::string>& names);

}  // namespace assay
