#pragma once
// Choices that depend on nothing but what is chosen about, so that a run that is repeated from its
// plan makes the same ones.

#include <cstdint>
#include <string_view>

namespace assay::sql {

/// FNV-1a, its bits mixed.
constexpr std::uint64_t digest_of(std::string_view text) {
  std::uint64_t digest = 0xcbf29ce484222325U;
  for (const char c : text) {
    digest = (digest ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  digest = (digest ^ (digest >> 33U)) * 0xff51afd7ed558ccdU;
  return digest ^ (digest >> 33U);
}

/// True for this share of all texts.
constexpr bool is_chosen(double share, std::string_view text) {
  constexpr std::uint64_t steps = 1'000'000;
  return static_cast<double>(digest_of(text) % steps) < share * static_cast<double>(steps);
}

}  // namespace assay::sql
