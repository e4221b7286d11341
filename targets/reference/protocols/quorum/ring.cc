#include "targets/reference/protocols/quorum/ring.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/assert.h"
#include "targets/reference/protocols/codec.h"

namespace assay::reference {

Ring::Ring(std::vector<NodeId> members, std::size_t replicas)
    : members_(std::move(members)), replicas_(replicas) {
  ASSAY_ASSERT(replicas_ >= 1);
  ASSAY_ASSERT(replicas_ <= members_.size());
}

std::vector<NodeId> Ring::preference(const Datum& key) const {
  std::vector<NodeId> order = members_;
  const auto first = static_cast<std::ptrdiff_t>(place_of(key) % members_.size());
  std::rotate(order.begin(), std::next(order.begin(), first), order.end());
  return order;
}

bool Ring::holds(NodeId member, const Datum& key) const {
  const auto order = preference(key);
  const auto end = std::next(order.begin(), static_cast<std::ptrdiff_t>(replicas_));
  return std::find(order.begin(), end, member) != end;
}

// FNV-1a and a final mix; std::hash is not the same everywhere.
std::uint64_t place_of(const Datum& key) {
  std::string bytes;
  ByteWriter(bytes).datum(key);
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= 0x100000001B3ULL;
  }
  return hash ^ hash >> 32;
}

}  // namespace assay::reference
