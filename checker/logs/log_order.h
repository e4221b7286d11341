#pragma once
// The order of the messages of each log, as far as anybody saw their offsets.

#include <cstdint>
#include <limits>
#include <vector>

#include "checker/logs/log_operations.h"

namespace assay {

/// Immutable after construction. Offsets come from polls, from sends that were acknowledged, and
/// from indeterminate sends some message of which was polled. O(n log n).
class LogOrder {
 public:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  /// Two values at one offset.
  struct Conflict {
    LogKey key;
    std::int64_t offset;
    LogValue first;
    LogValue second;
    std::uint64_t first_event;
    std::uint64_t second_event;
  };
  /// One value at two offsets.
  struct Duplicate {
    LogValue value;
    std::int64_t first_offset;
    std::int64_t second_offset;
    std::uint64_t first_event;
    std::uint64_t second_event;
  };

  explicit LogOrder(const LogOperations& log);

  /// 0, 1, 2, … along the known messages of its log; none if nobody saw its offset.
  std::uint32_t position(LogValue value) const { return position_[value]; }
  /// REQUIRES position < size(key).
  LogValue at(LogKey key, std::uint32_t position) const { return logs_[key][position]; }
  std::uint32_t size(LogKey key) const { return static_cast<std::uint32_t>(logs_[key].size()); }

  const std::vector<Conflict>& conflicts() const { return conflicts_; }
  const std::vector<Duplicate>& duplicates() const { return duplicates_; }

 private:
  std::vector<std::vector<LogValue>> logs_;  ///< by key
  std::vector<std::uint32_t> position_;      ///< by value
  std::vector<Conflict> conflicts_;
  std::vector<Duplicate> duplicates_;
};

}  // namespace assay
