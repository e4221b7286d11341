#pragma once
// Selector: which nodes a process fault hits.

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "nemesis/fault.h"

namespace assay {

/// {"selector": one|minority|majority|primaries|leader|all|names, "nodes": positions}. Mostly one
/// node or a minority, so that a cluster that works by majorities keeps working most of the time.
Value draw_selection(std::size_t n, Random& random);
/// Whether it is one of these, or names such as "n1+n3" of n nodes.
bool is_selector(std::string_view selector, std::size_t n);
/// Puts other nodes into what was drawn with a selection in it. REQUIRES is_selector.
void select_as(std::string_view selector, std::size_t n, Value& parameters, Random& random);
/// All of them; draws nothing.
Value draw_all(std::size_t n, Random& random);

/// The positions, ascending. For `primaries` those that the target names now, for `leader` one of
/// them; the drawn node if it names none. Error (bad_data): not a selection.
Result<std::vector<std::size_t>> select_nodes(const Value& selection, const Cluster& cluster);

/// "n1 n3".
std::string names_of(const std::vector<std::size_t>& positions, const Cluster& cluster);

}  // namespace assay
