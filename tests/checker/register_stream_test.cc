// RegisterStream, event by event, against the checks of whole histories: after every event it must
// say of the prefix what they say.

#include "checker/streaming/register_stream.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "brute_force.h"
#include "stream_cases.h"
#include "tests/rounds.h"

namespace assay {
namespace {

/// The fast test takes a sample: every so many-th history.
const std::uint64_t scale = is_dense() ? 1 : 200;

struct Counts {
  std::uint64_t violations = 0;
  std::uint64_t searched = 0;
  std::uint64_t unknown = 0;
};

/// Empty, or what is wrong.
std::string compare(std::uint64_t seed, std::size_t count, const StreamLimits& limits,
                    Counts& counts) {
  Random random(seed);
  const auto cases = random_stream_calls(random, count);
  const StreamOutcome found = play_stream(cases, limits);
  const std::size_t wanted = first_bad_event(cases);
  counts.violations += wanted != no_bad_event ? 1 : 0;
  counts.searched += found.searched ? 1 : 0;
  counts.unknown += found.answer == StreamAnswer::unknown ? 1 : 0;
  if (found.answer == StreamAnswer::unknown || found.bad_event == wanted) return {};
  return "seed " + std::to_string(seed) + ": found " + std::to_string(found.bad_event) +
         ", wanted " + std::to_string(wanted) + describe(cases);
}

TEST_CASE("the checks of whole histories agree with the definition on prefixes") {
  for (std::uint64_t seed = 1; seed <= 20'000 / scale; ++seed) {
    Random random(seed);
    const auto cases = random_stream_calls(random, 2 + random.below(6));
    const std::size_t bad = first_bad_event(cases);
    const std::size_t count = events_of(cases).size();
    for (std::size_t events = 0; events <= count; ++events) {
      INFO("seed " << seed);
      REQUIRE(oracle::is_linearizable(prefix_of(cases, events)) ==
              (bad == no_bad_event || events <= bad));
    }
  }
}

TEST_CASE("a million small histories") {
  Counts counts;
  const std::uint64_t rounds = 1'000'000 / scale;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    const std::string problem = compare(seed, 2 + seed % 7, {}, counts);
    REQUIRE_MESSAGE(problem.empty(), problem);
  }
  CHECK(counts.unknown == 0);
  CHECK(counts.violations > rounds / 20);
  CHECK(counts.violations < rounds / 2);
  CHECK(counts.searched > rounds / 20);
}

TEST_CASE("longer histories, in which much is forgotten on the way") {
  Counts counts;
  StreamLimits limits;
  limits.short_tail = 1000;
  const std::uint64_t rounds = 10'000 / scale;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    const std::string problem = compare(seed, 20 + seed % 50, limits, counts);
    REQUIRE_MESSAGE(problem.empty(), problem);
  }
  CHECK(counts.unknown == 0);
  CHECK(counts.violations > rounds / 20);
}

TEST_CASE("impatient: unknown at worst, never wrong") {
  Counts counts;
  StreamLimits limits;
  limits.clusters_max = 2;
  limits.tail_max = 3;
  limits.short_tail = 1000;
  const std::uint64_t rounds = 60'000 / scale;
  for (std::uint64_t seed = 1; seed <= rounds; ++seed) {
    const std::string problem = compare(seed, 4 + seed % 50, limits, counts);
    REQUIRE_MESSAGE(problem.empty(), problem);
  }
  CHECK(counts.unknown > 0);
  CHECK(counts.unknown < rounds / 2);
}

}  // namespace
}  // namespace assay
