#pragma once
// Witness: from a register that is not linearizable, a few of its calls that are not linearizable
// by themselves, whatever else happened, and of which none can be left out.
//
// Calls are refuted by themselves under three rules, the same that the verifier applies:
// - a read belongs in only with every write that it could have read from. It could not have read
//   from a write that began after it returned, nor from one that another write, which is in the
//   witness and returned, follows in real time and precedes the read in real time;
// - a cas for which that does not hold counts as a plain write of its new value;
// - a pending call may take effect or not.
// Leaving out a call leaves out the reads that then lack their write.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/linearizability/search.h"
#include "checker/models/register.h"

namespace assay {

struct CallWitness {
  std::vector<std::uint32_t> calls;      ///< ascending
  std::vector<RegisterCall> counted_as;  ///< the same calls; a cas may count as a plain write
  bool minimal = false;                  ///< false only if a limit was reached
};

/// A witness among some of the calls; nothing if these are not refuted by themselves. `calls` must
/// hold every call that names a value which a suspect names; others may be left out.
std::optional<CallWitness> find_witness_among(std::span<const RegisterCall> calls,
                                              std::size_t value_count,
                                              const std::vector<std::uint32_t>& suspects,
                                              const SearchLimits& limits);

/// `failure` is the result of a search of `calls` (sorted by start) with answer not_linearizable.
/// Deterministic. Few searches of few calls for a violation that is local in time.
CallWitness find_witness(std::span<const RegisterCall> calls, std::size_t value_count,
                         const SearchResult& failure, const SearchLimits& limits);

}  // namespace assay
