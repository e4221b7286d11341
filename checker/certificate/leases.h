#pragma once
// Leases, elections and fencing, for the verifier: their specifications, and the rule that refutes
// a lease.

#include <memory>

#include "base/result.h"
#include "checker/certificate/closure.h"
#include "checker/certificate/specification.h"

namespace assay {

/// Acts of a lease carry times, in nanoseconds, instead of positions.
std::unique_ptr<Specification> make_lease(const HistoryInfo& info);
std::unique_ptr<Specification> make_election();
std::unique_ptr<Specification> make_fencing();

/// The grants of the witness show that two processes held the lease at one time: each from its
/// return on, until its time is over or its process begins to release it, and from one to the next
/// that renews it. Or one of them renews what its process did not hold.
Status refute_lease(const EachAct& each, Evidence& evidence);

}  // namespace assay
