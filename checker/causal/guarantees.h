#pragma once
// The four session guarantees, each by itself. Per session there must be an order of the writes and
// for each of its reads a set of visible writes, with what it returned as the last of them:
//
// - read-your-writes: its own earlier writes are visible;
// - monotonic-reads: what its earlier reads returned is visible;
// - monotonic-writes: a visible write brings those before it in its session, ordered before it;
// - writes-follow-reads: a visible write brings what its session had read before, ordered before.
//
// The last two are about growing views: of a session that violates monotonic reads they say
// nothing, because each of its reads may have been served by another replica. Source: Terry et al.,
// "Session Guarantees for Weakly Consistent Replicated Data", 1994.

#include <optional>
#include <string_view>
#include <vector>

#include "checker/transactions/weak/observations.h"

namespace assay::causal {

enum class Guarantee : std::uint8_t {
  read_your_writes,
  monotonic_reads,
  monotonic_writes,
  writes_follow_reads
};

/// Operations of one session (and the writes they read) that break a guarantee.
struct Broken {
  std::uint32_t session;
  std::vector<weak::Node> operations;  ///< the last is the read that cannot be explained
  bool initial = false;                ///< it returned the initial value
};

/// The first session that breaks it. O(n) for the first two, O(n k) typical for the others.
std::optional<Broken> find_broken(const weak::Observations& seen, Guarantee guarantee);

}  // namespace assay::causal
