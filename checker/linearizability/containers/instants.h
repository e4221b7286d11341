#pragma once
// Instants as numbers 0, 1, 2, … in their order.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace assay {

/// The different ones of some instants, ascending. If they lie close together, as positions of
/// events do, their numbers are read from a bitmap: O(1); else found by bisection. Thread-safe.
class Instants {
 public:
  Instants() = default;
  /// O(n), or O(n log n) if they lie far apart.
  explicit Instants(std::vector<std::int64_t> instants);

  std::size_t size() const { return instants_.size(); }
  std::int64_t operator[](std::size_t number) const { return instants_[number]; }
  /// The number of the first that is not before `instant`; size() if there is none.
  std::uint32_t position(std::int64_t instant) const;
  /// The number of the first that is after `instant`.
  std::uint32_t after(std::int64_t instant) const;

 private:
  std::vector<std::int64_t> instants_;
  std::vector<std::uint64_t> bits_;    ///< by distance from the first; empty: not close together
  std::vector<std::uint32_t> before_;  ///< by word of bits_: how many lie before it
  std::int64_t latest_ = 0;            ///< the last one but `never`
};

}  // namespace assay
