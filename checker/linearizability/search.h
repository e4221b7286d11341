#pragma once
// What a search for a linearization of one object found.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace assay {

enum class SearchAnswer : std::uint8_t { linearizable, not_linearizable, undecided };

struct SearchResult {
  SearchAnswer answer = SearchAnswer::undecided;
  std::vector<std::uint32_t> order;     ///< linearizable: calls in an order that explains them
  std::vector<std::uint32_t> suspects;  ///< not_linearizable by zones: calls that no order explains
  std::uint32_t failed_call = 0;     ///< not_linearizable by frontier: nothing explains its return
  std::size_t calls_explained = 0;   ///< frontier: returns with an explanation
  std::uint64_t configurations = 0;  ///< frontier: visited
  std::string reason;                ///< undecided: why
};

}  // namespace assay
