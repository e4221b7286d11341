// Numbering: what a value's number is does not depend on where it is kept.
#include "checker/transactions/numbering.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace assay {
namespace {

TEST_CASE("integers keep their numbers when the table grows over them") {
  Numbering numbering;
  constexpr std::int64_t dense = 4'400'000;
  // Far away while few are known; four times as many as are known reach beyond the first.
  const std::vector<std::int64_t> far{std::int64_t{1} << 24U,
                                      17'000'000,
                                      40'000'000,
                                      -1,
                                      std::numeric_limits<std::int64_t>::max(),
                                      std::numeric_limits<std::int64_t>::min()};
  for (std::uint32_t i = 0; i < far.size(); ++i) REQUIRE(numbering.integer(far[i]) == i);
  const auto first = static_cast<std::uint32_t>(far.size());
  for (std::int64_t i = 0; i < dense; ++i) {
    if (numbering.integer(i) != first + static_cast<std::uint32_t>(i)) FAIL("of ", i);
  }
  const std::uint32_t beyond = numbering.integer((std::int64_t{1} << 24U) + 1);
  CHECK(beyond == first + dense);
  for (std::uint32_t i = 0; i < far.size(); ++i) CHECK(numbering.integer(far[i]) == i);
  CHECK(numbering.integer(dense - 1) == first + dense - 1);
  CHECK(numbering.value(beyond) == Value((std::int64_t{1} << 24U) + 1));
  CHECK(numbering.size() == beyond + 1);
}

}  // namespace
}  // namespace assay
