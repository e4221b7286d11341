#pragma once
// The versions of one key that nobody has overwritten yet, with dotted version vectors: each value
// carries the dot of its write, and one vector says what the whole set has seen. A value that a
// vector covers but does not hold was overwritten; one that it does not cover is concurrent news.
// A client that writes hands back the vector it has read, and overwrites exactly what it has seen.
// Source: Preguiça, Baquero, Almeida, Fonte and Gonçalves, "Dotted version vectors: efficient
// causality tracking for distributed key-value stores", 2012.

#include <map>

#include "targets/reference/protocols/clocks/version_vector.h"

namespace assay::reference {

/// Not thread-safe. Merging is commutative, associative and idempotent.
class Siblings {
 public:
  /// The write `dot` of a client that had seen `context`.
  void write(const Dot& dot, Datum value, const VersionVector& context);
  void merge(const Siblings& other);

  /// By dot, so in the same order on every member.
  const std::map<Dot, Datum>& values() const { return values_; }
  /// What a client has seen that has read the values.
  const VersionVector& context() const { return context_; }
  bool operator==(const Siblings&) const = default;

 private:
  std::map<Dot, Datum> values_;
  VersionVector context_;
};

}  // namespace assay::reference
