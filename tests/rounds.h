#pragma once
// How many random cases a test tries: few under sanitizers, very many as a property test. The
// environment says so, so that one binary is both.

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace assay {

/// ASSAY_ROUNDS, or `usual` if it is not set.
inline std::uint64_t rounds_or(std::uint64_t usual) {
  const char* const asked = std::getenv("ASSAY_ROUNDS");
  return asked == nullptr ? usual : std::strtoull(asked, nullptr, 10);
}

/// Whether ASSAY_DEPTH asks for many cases where the test has two numbers of them.
inline bool is_dense() {
  const char* const asked = std::getenv("ASSAY_DEPTH");
  return asked != nullptr && std::string_view(asked) == "dense";
}

}  // namespace assay
