#pragma once
// Random: the only source of chance in a run. Everything that draws is handed one of these, so a
// printed seed fixes the whole plan. Source: Blackman and Vigna, "Scrambled linear pseudorandom
// number generators", 2021 (xoshiro256**), seeded by SplitMix64. The standard library's
// distributions differ between implementations, so the draws are our own.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace assay {

/// Not thread-safe; give each thread its own by `fork`.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  std::uint64_t next();                      ///< uniform over all 64-bit values
  std::uint64_t below(std::uint64_t bound);  ///< uniform in [0, bound); REQUIRES bound > 0
  std::int64_t between(std::int64_t low, std::int64_t high);  ///< uniform in [low, high]
  double unit();                                              ///< uniform in [0, 1)
  bool chance(double probability) { return unit() < probability; }

  /// A generator of its own whose stream depends on this seed and on `stream` only, not on how
  /// much was drawn before: adding a draw in one part of a plan leaves the others unchanged.
  Random fork(std::uint64_t stream) const;

  template <class T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
    }
  }
  template <class Container>
  auto& pick(Container& items) {
    return items[static_cast<std::size_t>(below(items.size()))];
  }

 private:
  std::uint64_t seed_;
  std::array<std::uint64_t, 4> state_{};
};

/// A seed from the operating system, for runs that name none.
std::uint64_t random_seed();

}  // namespace assay
