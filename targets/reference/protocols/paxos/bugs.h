#pragma once
// The mistakes that Multi-Paxos can be made to repeat. Each breaks one rule of the protocol.

#include <cstdint>
#include <span>

#include "targets/reference/protocols/bug.h"

namespace assay::reference {

/// In the order of the table in entry.cc.
enum class PaxosBug : std::uint8_t {
  promise_not_persisted,
  accept_below_promise,
  adopt_own_value,
  adopt_lowest_ballot,
  shared_ballots,
  ballot_not_persisted,
  accept_before_sync,
  learn_from_minority,
  skip_gaps,
  perform_twice,
  read_outside_log,
};

}  // namespace assay::reference
