#include "targets/reference/protocols/clocks/version_vector.h"

#include <algorithm>

#include "targets/reference/protocols/fields.h"

namespace assay::reference {
namespace {
constexpr std::size_t counter_bytes = 4 + 8;
}

void VersionVector::raise(const Dot& dot) {
  if (dot.counter > at(dot.node)) counters_[dot.node] = dot.counter;
}

void VersionVector::merge(const VersionVector& other) {
  for (const auto& [node, counter] : other.counters_) raise({node, counter});
}

bool VersionVector::covers(const VersionVector& other) const {
  return std::all_of(other.counters_.begin(), other.counters_.end(),
                     [this](const auto& entry) { return at(entry.first) >= entry.second; });
}

CausalOrder VersionVector::compare(const VersionVector& other) const {
  const bool after = covers(other);
  const bool before = other.covers(*this);
  if (after && before) return CausalOrder::equal;
  if (before) return CausalOrder::before;
  return after ? CausalOrder::after : CausalOrder::concurrent;
}

void put(ByteWriter& writer, const VersionVector& vector) {
  writer.u32(static_cast<std::uint32_t>(vector.counters().size()));
  for (const auto& [node, counter] : vector.counters()) put_value(writer, Dot{node, counter});
}

void get(ByteReader& reader, VersionVector& vector) {
  vector = {};
  const std::size_t count = reader.u32();
  if (count > reader.left() / counter_bytes) reader.fail();
  NodeId last = NodeId::none;
  for (std::size_t i = 0; i < count && reader.ok(); ++i) {
    Dot dot;
    get_value(reader, dot);
    if (dot.node <= last || dot.counter == 0) reader.fail();
    last = dot.node;
    vector.raise(dot);
  }
  if (!reader.ok()) vector = {};
}

}  // namespace assay::reference
