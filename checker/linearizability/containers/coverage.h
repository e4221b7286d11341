#pragma once
// Open intervals of time, their union, and the instants it leaves free.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "checker/linearizability/extent.h"

namespace assay {

/// The open interval (from, to), and whose it is.
struct Cover {
  std::int64_t from;
  std::int64_t to;
  std::uint32_t owner;
};

/// The union of open intervals. O(n log n) to make.
class Coverage {
 public:
  /// Empty intervals (from >= to) are left out.
  explicit Coverage(std::vector<Cover> covers);

  /// The first instant of [span.start, span.end] that no interval contains. O(log n).
  std::optional<std::int64_t> free_instant(const Extent& span) const;
  /// REQUIRES that there is none. The owners of intervals that together cover the span, none of
  /// which can be left out, ascending in time. O(n).
  std::vector<std::uint32_t> chain(const Extent& span) const;

 private:
  std::vector<Cover> covers_;  ///< by from
  std::vector<Cover> unions_;  ///< disjoint, ascending; owners mean nothing
};

}  // namespace assay
