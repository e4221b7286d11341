#pragma once
// Faults that look where it hurts: they follow the leader, strike a member that has just voted, or
// go through every way to split the cluster, instead of waiting for chance to do so.
// Sources: Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with
// probabilistic guarantees of finding bugs", 2010 (priorities that change at a few points);
// Majumdar and Niksic, "Why is random testing effective for partition tolerance bugs?", 2018
// (covering families of splits).

#include <optional>
#include <span>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "history/value.h"
#include "targets/reference/sim/faults.h"
#include "targets/reference/sim/world.h"

namespace assay::reference {

/// Their rows in the table of simulated faults.
std::span<const SimulatedFault> directed_faults();

/// Nothing: it is none of these. Error (bad_data): the parameters are not what `draw` draws.
/// The world is borrowed until the fault is undone.
std::optional<Result<StartedFault>> start_directed(World& world, const std::string& name,
                                                   const Value& parameters);

}  // namespace assay::reference
