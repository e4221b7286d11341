#pragma once
// Whether the members of a simulated world have come to agree: once nobody writes and nothing is
// broken, every member must answer a read of every key alike.
// Source: Vogels, "Eventually consistent", 2009; Shapiro et al., "Conflict-free replicated data
// types", 2011.

#include <set>
#include <string>
#include <vector>

#include "targets/reference/sim/world.h"

namespace assay::reference {

/// A key on which members differ, or which one did not answer.
struct Divergence {
  Datum key;
  std::string what;  ///< "x: n1 has 3, n2 has 5"
};

/// Lets time pass, then reads each key at each member. Replies of the world are its own meanwhile.
std::vector<Divergence> find_divergence(World& world, const std::set<Datum>& keys);

}  // namespace assay::reference
