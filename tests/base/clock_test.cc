#include "base/clock.h"

#include <doctest/doctest.h>

namespace assay {

TEST_CASE("clock: durations are read with their unit") {
  struct Row {
    const char* text;
    std::int64_t nanos;
  };
  for (const Row& row :
       {Row{"60s", 60'000'000'000}, Row{"1.5ms", 1'500'000}, Row{"2h", 7'200'000'000'000},
        Row{"0s", 0}, Row{"7ns", 7}, Row{"3us", 3'000}, Row{"5m", 300'000'000'000}}) {
    CAPTURE(row.text);
    const auto parsed = parse_duration(row.text);
    REQUIRE(parsed.ok());
    CHECK(parsed->count() == row.nanos);
  }
}

TEST_CASE("clock: a duration without a unit, negative or nonsense is refused") {
  for (const char* text : {"", "60", "s", "-1s", "1 s", "1d", "nan s", "1e300h", "60sx"}) {
    CAPTURE(text);
    const auto parsed = parse_duration(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().kind == ErrorKind::usage);
  }
}

TEST_CASE("clock: an exact duration reads back as itself") {
  for (const std::int64_t nanos : {0LL, 7LL, 1'500LL, 2'000'000LL, 60'000'000'000LL, 1'234'567LL}) {
    CAPTURE(nanos);
    const auto parsed = parse_duration(exact_duration(Nanos(nanos)));
    REQUIRE(parsed.ok());
    CHECK(parsed->count() == nanos);
  }
}

}  // namespace assay
