#pragma once
// How much a search may use. Searches ask every few thousand steps.

#include <chrono>
#include <cstdint>
#include <optional>

namespace assay {

struct SearchLimits {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::uint64_t memory_bytes = 0;  ///< for one search; 0: no limit

  bool time_is_up() const {
    return deadline.has_value() && std::chrono::steady_clock::now() >= *deadline;
  }
};

}  // namespace assay
