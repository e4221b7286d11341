#include "base/random.h"

#include <random>

#include "base/assert.h"

namespace assay {
namespace {

std::uint64_t split_mix(std::uint64_t& x) {
  std::uint64_t z = (x += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31U);
}

std::uint64_t rotate_left(std::uint64_t x, unsigned k) { return (x << k) | (x >> (64U - k)); }

}  // namespace

Random::Random(std::uint64_t seed) : seed_(seed) {
  for (auto& word : state_) word = split_mix(seed);
}

std::uint64_t Random::next() {
  const std::uint64_t result = rotate_left(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17U;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotate_left(state_[3], 45);
  return result;
}

std::uint64_t Random::below(std::uint64_t bound) {
  ASSAY_ASSERT(bound > 0);
  // Rejection keeps the draw uniform; at most one retry is expected for any bound.
  const std::uint64_t limit = -bound % bound;
  std::uint64_t x = next();
  while (x < limit) x = next();
  return x % bound;
}

std::int64_t Random::between(std::int64_t low, std::int64_t high) {
  ASSAY_ASSERT(low <= high);
  const auto width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  if (width == UINT64_MAX) return static_cast<std::int64_t>(next());
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + below(width + 1));
}

double Random::unit() { return static_cast<double>(next() >> 11U) * 0x1.0p-53; }

Random Random::fork(std::uint64_t stream) const {
  std::uint64_t x = seed_ ^ rotate_left(stream + 0x632be59bd9b4e019ULL, 31);
  return Random(split_mix(x));
}

std::uint64_t random_seed() {
  std::random_device device;
  // Short enough to be read out over a desk.
  return device() % 1'000'000'000ULL;
}

}  // namespace assay
