#pragma once
// ZoneScan: the zone test (zones.h) of one key, straight from the history, without keeping its
// calls: 16 bytes an operation or less, and half the time. It covers what is most common, and says
// nothing about the rest: that is for the test that can explain itself.

#include <cstdint>
#include <optional>
#include <vector>

#include "checker/linearizability/limits.h"
#include "checker/models/register.h"
#include "history/history.h"

namespace assay {

enum class ScanAnswer : std::uint8_t { linearizable, open, undecided };

/// Reuses its tables: give each thread its own.
class ZoneScan {
 public:
  /// What a scan may take, for each operation on the key.
  static constexpr std::uint64_t bytes_per_operation = 40;

  explicit ZoneScan(const History& history);

  /// linearizable: it is, by reads and writes alone, each observed value written once. undecided:
  /// the time ran out. open: anything else. O(n) for a key whose operations lie near each other.
  ScanAnswer decide(KeyId key, const SearchLimits& limits);

 private:
  /// A write with its reads; zones.h says what f and s are.
  struct Cluster {
    std::uint64_t value;
    std::int64_t f;
    std::int64_t s;
    std::int64_t write_start;  ///< never: the write has not been seen

    bool forward() const { return f < s; }
    std::int64_t low() const { return f < s ? f : s; }
    bool operator<(const Cluster& other) const {
      if (low() != other.low()) return low() < other.low();
      return !forward() && other.forward();
    }
  };

  /// False if the operation is none that a scan copes with.
  bool add(OpIndex operation);
  Cluster& cluster_of(ValueId value);
  std::size_t slot_of(std::uint64_t value) const;
  void size_table(std::size_t clusters);
  bool zones_agree();
  void sort_clusters();

  const History& history_;
  std::vector<std::optional<RegisterFunction>> functions_;  ///< by FunctionId
  std::vector<Cluster> clusters_;
  std::vector<std::uint32_t> table_;  ///< open addressing: a cluster's number plus one
  unsigned table_bits_ = 0;
};

}  // namespace assay
