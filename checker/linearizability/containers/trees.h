#pragma once
// Small trees over positions 0 … n-1 that the decomposition of stacks needs: all operations
// O(log n), amortized.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace assay {

/// A set of positions with neighbours: words of 64 bits, and words that say which words are not
/// empty.
class PointSet {
 public:
  PointSet() = default;
  explicit PointSet(std::size_t size) {
    do {
      size = (size + 63) / 64;
      levels_.emplace_back(size, 0);
    } while (size > 1);
  }
  void insert(std::size_t p) {
    for (auto& level : levels_) {
      level[p / 64] |= std::uint64_t{1} << (p % 64);
      p /= 64;
    }
  }
  /// The smallest member larger than p. REQUIRES that there is one.
  std::size_t after(std::size_t p) const { return at_or_after(p + 1); }

  std::size_t at_or_after(std::size_t p) const {
    std::size_t height = 0;
    for (;; ++height, p = p / 64 + 1) {
      const auto& level = levels_[height];
      if (p / 64 >= level.size()) continue;
      const std::uint64_t rest = level[p / 64] & (~std::uint64_t{0} << (p % 64));
      if (rest == 0) continue;
      p = p / 64 * 64 + static_cast<std::size_t>(std::countr_zero(rest));
      break;
    }
    while (height-- > 0) {
      p = p * 64 + static_cast<std::size_t>(std::countr_zero(levels_[height][p]));
    }
    return p;
  }

  /// REQUIRES that there is one.
  std::size_t at_or_before(std::size_t p) const {
    std::size_t height = 0;
    for (;; ++height, p = p / 64 - 1) {
      const std::uint64_t rest = levels_[height][p / 64] & (~std::uint64_t{0} >> (63 - p % 64));
      if (rest == 0) continue;
      p = p / 64 * 64 + 63 - static_cast<std::size_t>(std::countl_zero(rest));
      break;
    }
    while (height-- > 0) {
      p = p * 64 + 63 - static_cast<std::size_t>(std::countl_zero(levels_[height][p]));
    }
    return p;
  }

 private:
  std::vector<std::vector<std::uint64_t>> levels_;
};

/// How many intervals contain each position. Positions that none contains any more are reported
/// once.
class DepthTree {
 public:
  DepthTree() = default;
  /// Positions with depth 0 are never reported.
  explicit DepthTree(const std::vector<std::int32_t>& depths)
      : size_(std::bit_ceil(std::max<std::size_t>(1, depths.size()))),
        least_(2 * size_, gone),
        all_(2 * size_, 0) {
    for (std::size_t p = 0; p < depths.size(); ++p) {
      if (depths[p] != 0) least_[size_ + p] = depths[p];
    }
    for (std::size_t node = size_ - 1; node > 0; --node) pull(node);
  }

  /// One interval less on [from, to); `report` gets each position that thereby becomes free.
  template <class Report>
  void leave(std::size_t from, std::size_t to, Report report) {
    leave(1, 0, size_, 0, from, to, report);
  }

 private:
  static constexpr std::int32_t gone = std::numeric_limits<std::int32_t>::max() / 2;

  void pull(std::size_t node) {
    least_[node] = std::min(least_[2 * node], least_[2 * node + 1]) + all_[node];
    if (least_[node] > gone / 2) least_[node] = gone;
  }
  /// `above`: what holds for all positions of the nodes above.
  template <class Report>
  void leave(std::size_t node, std::size_t low, std::size_t high, std::int32_t above,
             std::size_t from, std::size_t to, Report& report) {
    if (to <= low || high <= from || least_[node] == gone) return;
    if (from <= low && high <= to) {
      --least_[node];
      --all_[node];
      collect(node, low, high, above, report);
      return;
    }
    const std::size_t middle = (low + high) / 2;
    leave(2 * node, low, middle, above + all_[node], from, to, report);
    leave(2 * node + 1, middle, high, above + all_[node], from, to, report);
    pull(node);
  }
  template <class Report>
  void collect(std::size_t node, std::size_t low, std::size_t high, std::int32_t above,
               Report& report) {
    if (least_[node] == gone || least_[node] + above != 0) return;
    if (high - low == 1) {
      least_[node] = gone;
      report(low);
      return;
    }
    const std::size_t middle = (low + high) / 2;
    const std::int32_t here = above + all_[node];
    collect(2 * node, low, middle, here, report);
    collect(2 * node + 1, middle, high, here, report);
    pull(node);
  }

  std::size_t size_ = 1;
  std::vector<std::int32_t> least_;  ///< of the node's positions, without the ancestors' share
  std::vector<std::int32_t> all_;    ///< what holds for all of the node's positions
};

/// Numbers from which those up to a bound can be taken out, within a range of positions.
class MinTree {
 public:
  MinTree() = default;
  explicit MinTree(const std::vector<std::uint32_t>& numbers)
      : size_(std::bit_ceil(std::max<std::size_t>(1, numbers.size()))), least_(2 * size_, gone) {
    std::copy(numbers.begin(), numbers.end(), least_.begin() + static_cast<std::ptrdiff_t>(size_));
    for (std::size_t node = size_ - 1; node > 0; --node) pull(node);
  }

  /// Takes out every number <= bound at [from, to) and gives `take` their positions.
  template <class Take>
  void extract(std::size_t from, std::size_t to, std::uint32_t bound, Take take) {
    if (from < to) extract(1, 0, size_, from, to, bound, take);
  }

 private:
  static constexpr std::uint32_t gone = std::numeric_limits<std::uint32_t>::max();

  void pull(std::size_t node) { least_[node] = std::min(least_[2 * node], least_[2 * node + 1]); }
  template <class Take>
  void extract(std::size_t node, std::size_t low, std::size_t high, std::size_t from,
               std::size_t to, std::uint32_t bound, Take& take) {
    if (to <= low || high <= from || least_[node] > bound || least_[node] == gone) return;
    if (high - low == 1) {
      least_[node] = gone;
      take(static_cast<std::uint32_t>(low));
      return;
    }
    const std::size_t middle = (low + high) / 2;
    extract(2 * node, low, middle, from, to, bound, take);
    extract(2 * node + 1, middle, high, from, to, bound, take);
    pull(node);
  }

  std::size_t size_ = 1;
  std::vector<std::uint32_t> least_;
};

}  // namespace assay
