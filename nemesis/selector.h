#pragma once
// Selector: which nodes a process fault hits.

#include <cstddef>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "nemesis/fault.h"

namespace assay {

/// {"selector": one|minority|majority|primaries|all, "nodes": positions}. Mostly one node or a
/// minority, so that a cluster that works by majorities keeps working most of the time.
Value draw_selection(std::size_t n, Random& random);
/// All of them; draws nothing.
Value draw_all(std::size_t n, Random& random);

/// The positions, ascending. For `primaries` those that the target names now; the drawn node if it
/// names none. Error (bad_data): not a selection.
Result<std::vector<std::size_t>> select_nodes(const Value& selection, const Cluster& cluster);

/// "n1 n3".
std::string names_of(const std::vector<std::size_t>& positions, const Cluster& cluster);

}  // namespace assay
