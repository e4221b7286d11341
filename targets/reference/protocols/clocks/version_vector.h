#pragma once
// Version vectors: for every node, how many of its events are known. Comparing two of them tells
// whether one event may have caused the other or whether they are concurrent.
// Sources: Parker et al., "Detection of mutual inconsistency in distributed systems", 1983;
// Mattern, "Virtual time and global states of distributed systems", 1989.

#include <cstdint>
#include <map>
#include <tuple>

#include "targets/reference/protocols/codec.h"
#include "targets/reference/protocols/types.h"

namespace assay::reference {

/// One event: the counter-th of its node, from 1.
struct Dot {
  NodeId node = NodeId::none;
  std::uint64_t counter = 0;
  static auto fields(auto& m) { return std::tie(m.node, m.counter); }
  auto operator<=>(const Dot&) const = default;
};

enum class CausalOrder : std::uint8_t { equal, before, after, concurrent };

/// Copies and comparisons cost O(nodes). Nodes that it does not name have counter 0.
class VersionVector {
 public:
  std::uint64_t at(NodeId node) const {
    const auto found = counters_.find(node);
    return found == counters_.end() ? 0 : found->second;
  }
  /// The next event of this node, which is then known.
  Dot increment(NodeId node) { return {node, ++counters_[node]}; }
  /// This event and all earlier ones of its node are known.
  void raise(const Dot& dot);
  /// What either knows.
  void merge(const VersionVector& other);
  bool covers(const Dot& dot) const { return at(dot.node) >= dot.counter; }
  /// Every event that `other` knows is known.
  bool covers(const VersionVector& other) const;
  CausalOrder compare(const VersionVector& other) const;
  bool empty() const { return counters_.empty(); }

  const std::map<NodeId, std::uint64_t>& counters() const { return counters_; }
  bool operator==(const VersionVector&) const = default;

 private:
  std::map<NodeId, std::uint64_t> counters_;  // without zeros
};

void put(ByteWriter& writer, const VersionVector& vector);
/// Fails the reader unless nodes ascend and no counter is 0.
void get(ByteReader& reader, VersionVector& vector);

}  // namespace assay::reference
