#include "history/digest.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

namespace assay {
namespace {

constexpr std::uint64_t c1 = 0x87c37b91114253d5;
constexpr std::uint64_t c2 = 0x4cf5ad432745937f;

std::uint64_t final_mix(std::uint64_t k) {
  k ^= k >> 33U;
  k *= 0xff51afd7ed558ccd;
  k ^= k >> 33U;
  k *= 0xc4ceb9fe1a85ec53;
  return k ^ (k >> 33U);
}

void mix(std::uint64_t& low, std::uint64_t& high, std::uint64_t first, std::uint64_t second) {
  low ^= std::rotl(first * c1, 31) * c2;
  low = (std::rotl(low, 27) + high) * 5 + 0x52dce729;
  high ^= std::rotl(second * c2, 33) * c1;
  high = (std::rotl(high, 31) + low) * 5 + 0x38495ab5;
}

/// Up to eight bytes, little endian.
std::uint64_t word_of(std::string_view bytes) {
  std::uint64_t word = 0;
  if (std::endian::native == std::endian::little && bytes.size() == sizeof word) {
    std::memcpy(&word, bytes.data(), sizeof word);
    return word;
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    word |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return word;
}

}  // namespace

std::uint64_t hash64(std::string_view bytes) {
  std::uint64_t hash = bytes.size() * c1;
  while (!bytes.empty()) {
    hash = final_mix(hash ^ (word_of(bytes.substr(0, 8)) * c2));
    bytes.remove_prefix(bytes.size() < 8 ? bytes.size() : 8);
  }
  return final_mix(hash);
}

void Digest::add(std::uint64_t word) {
  if (words_++ % 2 == 0) {
    pending_ = word;
  } else {
    mix(low_, high_, pending_, word);
  }
}

std::string Digest::hex() const {
  std::uint64_t low = low_;
  std::uint64_t high = high_;
  if (words_ % 2 == 1) mix(low, high, pending_, 0);
  low ^= words_;
  high ^= words_;
  low += high;
  high += low;
  low = final_mix(low);
  high = final_mix(high);
  low += high;
  high += low;
  return fmt::format("{:016x}{:016x}", low, high);
}

}  // namespace assay
