#include "base/random.h"

#include <doctest/doctest.h>

#include <array>

namespace assay {

TEST_CASE("random: the same seed gives the same draws") {
  Random a(7);
  Random b(7);
  for (int i = 0; i < 100; ++i) CHECK(a.next() == b.next());
}

TEST_CASE("random: a fork does not depend on how much was drawn before") {
  Random a(7);
  Random b(7);
  b.next();
  CHECK(a.fork(3).next() == b.fork(3).next());
  CHECK(a.fork(3).next() != a.fork(4).next());
}

TEST_CASE("random: draws stay within their bounds and reach all of them") {
  Random random(1);
  std::array<int, 5> seen{};
  for (int i = 0; i < 10'000; ++i) {
    const auto x = random.between(-2, 2);
    REQUIRE(x >= -2);
    REQUIRE(x <= 2);
    ++seen.at(static_cast<std::size_t>(x + 2));
  }
  for (const int count : seen) CHECK(count > 1'800);
}

}  // namespace assay
