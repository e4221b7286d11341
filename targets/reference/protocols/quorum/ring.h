#pragma once
// Which members hold which key: members stand in a ring, and a key's replicas are the first N from
// the place where its hash falls. The same on every member and machine.
// Source: DeCandia et al., "Dynamo: Amazon's highly available key-value store", 2007, 4.2 and 4.3.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "targets/reference/protocols/types.h"

namespace assay::reference {

class Ring {
 public:
  /// REQUIRES: 1 <= replicas <= members.
  Ring(std::vector<NodeId> members, std::size_t replicas);

  /// All members: the key's replicas first, then who stands in for them, in that order. O(members).
  std::vector<NodeId> preference(const Datum& key) const;
  std::size_t replicas() const { return replicas_; }
  bool holds(NodeId member, const Datum& key) const;

 private:
  std::vector<NodeId> members_;
  std::size_t replicas_;
};

std::uint64_t place_of(const Datum& key);

}  // namespace assay::reference
