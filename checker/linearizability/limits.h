#pragma once
// How much a search may use. Searches ask every few thousand steps.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace assay {

struct SearchLimits {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::uint64_t memory_bytes = 0;  ///< for one search; 0: no limit

  /// Configurations that the frontier keeps, the most frugal with pending calls; 0: all. With
  /// fewer than all it can find an order, but not show that there is none.
  std::size_t beam = 0;
  std::uint64_t steps = 0;  ///< configurations to look at; 0: no limit

  /// Why a search that takes `bytes` must stop; empty: it need not.
  std::string exceeded(std::uint64_t bytes) const {
    if (time_is_up()) return "the time ran out";
    if (memory_bytes != 0 && bytes > memory_bytes) return "the memory limit was reached";
    return {};
  }
  bool time_is_up() const {
    return deadline.has_value() && std::chrono::steady_clock::now() >= *deadline;
  }
};

}  // namespace assay
