#pragma once
// The zone test: decides linearizability of a register whose observed values were each written
// once, in O(n log n).
//
// Source: Gibbons and Korach, "Testing shared memories", 1997, extended here by compare-and-set.
// Every read is bound to the one write of its value; a write and its reads are a cluster. A
// successful cas binds its cluster to directly follow another, so clusters form chains, and a chain
// is a contiguous block of every linearization. A block has two times: f, its first return, and s,
// its last start. If f of A is before s of B then A must precede B. The register is linearizable
// exactly if no chain contradicts real time within itself and no two blocks must precede each
// other; longer cycles always contain one of length two.

#include <cstddef>
#include <span>

#include "checker/linearizability/limits.h"
#include "checker/linearizability/search.h"
#include "checker/models/register.h"

namespace assay {

/// Is every observed value written at most once, and the initial value, if observed, never?
bool has_unique_writers(std::span<const RegisterCall> calls, std::size_t value_count);

/// `calls` sorted by start; every pending one is a write or cas whose value a returned call needs.
/// REQUIRES has_unique_writers. Decides unless the time runs out. With `want_order`,
/// SearchResult::order holds a linearization; if there is none, SearchResult::suspects holds calls
/// that no order explains.
SearchResult check_zones(std::span<const RegisterCall> calls, std::size_t value_count,
                         bool want_order, const SearchLimits& limits = {});

}  // namespace assay
