#pragma once
// FaultSchedule: when which fault starts and stops. Every fault has a lane of its own that
// alternates between start and stop, with spans drawn around an interval; at most half of the
// lanes are in force at a time, so that a run sees each fault alone as well as in company.

#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "harness/generator.h"
#include "nemesis/fault.h"

namespace assay {

/// Asks for start-NAME and stop-NAME of each fault among `nodes` nodes. Every span, in force or
/// not, lasts 0.5 to 1.5 intervals; every fault has started once within two intervals, for up to
/// four faults. Draws only from forks of `random`: one stream for each fault, so that adding a
/// fault to a run leaves the parameters of the others as they were. A step begins at the earliest
/// 500 ms after the end of the one before. Never exhausted.
GeneratorPtr make_schedule(const std::vector<FaultEntry>& faults, std::size_t nodes, Nanos interval,
                           const Random& random);

}  // namespace assay
