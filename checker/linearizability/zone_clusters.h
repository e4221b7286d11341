#pragma once
// ZoneClusters: the writes of one key, each with its reads, found by value: what the zone scan
// (zone_scan.h) keeps.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "history/history.h"

namespace assay {

/// A write with its reads; zones.h says what f and s are.
struct ZoneCluster {
  static constexpr std::int64_t earliest = std::numeric_limits<std::int64_t>::min();

  std::uint64_t value;
  std::int64_t f = never;
  std::int64_t s = earliest;
  std::int64_t write_start = never;  ///< never: the write has not been seen

  bool forward() const { return f < s; }
  std::int64_t low() const { return f < s ? f : s; }
  bool operator<(const ZoneCluster& other) const {
    if (low() != other.low()) return low() < other.low();
    return !forward() && other.forward();
  }
  /// Takes what another cluster of the same value has seen. False: both have a write.
  bool take(const ZoneCluster& other);
};

/// Not thread-safe.
class ZoneClusters {
 public:
  /// Forgets all; about `calls` calls will come.
  void clear(std::size_t calls);
  /// The cluster of a value, made if there is none yet. O(1) amortized.
  ZoneCluster& of(ValueId value);
  /// Moves those whose value is in `earlier` too into that, after which they cannot be found by
  /// value any more. False: a value was written in both.
  bool merge_into(ZoneClusters& earlier);
  /// Sorts them by where they begin; nothing can be found by value any more. False if one of them
  /// has no write, or a read that returned before it.
  bool finish();
  const std::vector<ZoneCluster>& all() const { return clusters_; }

 private:
  std::size_t slot_of(std::uint64_t value) const;
  /// The slot of a value, or the empty one where it would be.
  std::size_t find(std::uint64_t value) const;
  void size_table(std::size_t clusters);
  void sort();

  std::vector<ZoneCluster> clusters_;
  std::vector<std::uint32_t> table_;  ///< open addressing: a cluster's number plus one
  unsigned table_bits_ = 0;
};

}  // namespace assay
