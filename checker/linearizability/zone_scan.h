#pragma once
// ZoneScan: the zone test (zones.h) of one key, straight from the history, without keeping its
// calls: 16 bytes an operation or less, and half the time. It covers what is most common, and says
// nothing about the rest: that is for the test that can explain itself. The operations of a large
// key are shared out among the threads by time: each makes the clusters of its part, and what a
// cluster has in several parts is put together afterwards.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/linearizability/zone_clusters.h"
#include "checker/models/register.h"
#include "history/history.h"

namespace assay {

enum class ScanAnswer : std::uint8_t { linearizable, open, undecided };

/// Reuses its tables: give each thread its own. Splits keys among the threads of the arena it is
/// called in.
class ZoneScan {
 public:
  /// What a scan may take, for each operation on the key.
  static constexpr std::uint64_t bytes_per_operation = 40;
  /// Fewer operations are not worth a thread.
  static constexpr std::size_t least_part = std::size_t{1} << 18U;

  explicit ZoneScan(const History& history, std::size_t operations_a_part = least_part);

  /// linearizable: it is, by reads and writes alone, each observed value written once. undecided:
  /// the time ran out. open: anything else. O(n) for a key whose operations lie near each other.
  ScanAnswer decide(KeyId key, const SearchLimits& limits);

 private:
  std::size_t parts_of(std::size_t operations) const;
  ScanAnswer scan(KeyId key, std::size_t begin, std::size_t end, ZoneClusters& clusters,
                  const SearchLimits& limits) const;
  /// False if the operation is none that a scan copes with.
  bool add(OpIndex operation, ZoneClusters& clusters) const;
  bool zones_agree() const;

  const History& history_;
  std::size_t operations_a_part_;
  std::vector<std::optional<RegisterFunction>> functions_;  ///< by FunctionId
  std::vector<ZoneClusters> parts_;                         ///< by time
};

}  // namespace assay
