#pragma once
// Writes that members make on their own and tell each other about afterwards, and the messages in
// which they do. What multi-leader replication and the causal store have in common.

#include <compare>
#include <cstdint>
#include <tuple>
#include <vector>

#include "targets/reference/protocols/clocks/lamport.h"
#include "targets/reference/protocols/clocks/version_vector.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// One write: the dot.counter-th that was made at member dot.node.
struct Update {
  Dot dot;
  std::uint64_t clock = 0;  ///< Lamport counter
  Datum key;
  Datum value;
  VersionVector context;  ///< what its client had seen

  LamportStamp stamp() const { return {clock, dot.node}; }
  static auto fields(auto& m) { return std::tie(m.dot, m.clock, m.key, m.value, m.context); }
  bool operator==(const Update&) const = default;
};

/// "I have these; what do you have that I lack?"
struct UpdateDigest {
  VersionVector known;
  static auto fields(auto& m) { return std::tie(m.known); }
  bool operator==(const UpdateDigest&) const = default;
};
/// Each member's updates in their order; durable at the sender.
struct UpdateBatch {
  std::vector<Update> updates;
  static auto fields(auto& m) { return std::tie(m.updates); }
  bool operator==(const UpdateBatch&) const = default;
};

/// As a member's log holds it.
Entry to_entry(const Update& update);
/// REQUIRES: made by to_entry.
Update to_update(const Entry& entry);

}  // namespace assay::reference
