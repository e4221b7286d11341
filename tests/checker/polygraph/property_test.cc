// The polygraph against the definitions of the models, on very many small histories.

#include <doctest/doctest.h>

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "checker/lattice.h"
#include "checker/transactions/polygraph/polygraph.h"
#include "small_transactions.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, 8> all_models{"serializable",
                                                     "strong-session-serializable",
                                                     "strict-serializable",
                                                     "snapshot-isolation",
                                                     "strong-session-snapshot-isolation",
                                                     "strong-snapshot-isolation",
                                                     "parallel-snapshot-isolation",
                                                     "prefix"};

small::Shape random_shape(Random& random) {
  small::Shape shape;
  shape.transactions = static_cast<int>(random.between(2, 5));
  shape.sessions = static_cast<int>(random.between(1, 4));
  shape.keys = static_cast<int>(random.between(1, 3));
  shape.ops = static_cast<int>(random.between(2, 4));
  shape.unique = random.chance(0.7);
  shape.stale = 0.25 * static_cast<double>(random.below(4));
  shape.doubtful = random.chance(0.3) ? 0.2 : 0.0;
  return shape;
}

}  // namespace

TEST_CASE("polygraph: agrees with the definitions") {
  constexpr std::uint64_t seed = 20261125;
  constexpr int histories = 200'000;
  Random random(seed);
  std::map<std::string_view, std::pair<int, int>> passes_of;
  for (int i = 0; i < histories; ++i) {
    const auto transactions = small::random_transactions(random, random_shape(random));
    const History history = small::history_of(transactions);
    const auto read = read_transactions(history, "rw-register");
    REQUIRE(read.ok());
    std::map<std::string_view, Verdict> verdicts;
    for (const std::string_view model : all_models) {
      CheckOptions options;
      options.certificate = false;
      const LevelOutcome outcome = check_polygraph(*read, model, options);
      const bool allowed = small::allows(model, transactions);
      verdicts[model] = outcome.verdict;
      auto& [passes, of] = passes_of[model];
      passes += allowed ? 1 : 0;
      ++of;
      if (outcome.verdict == (allowed ? Verdict::pass : Verdict::violation)) continue;
      FAIL_CHECK("seed " << seed << ", history " << i << ", " << model << ": "
                         << name_of(outcome.verdict) << " " << outcome.unknown_because
                         << ", but the definition " << (allowed ? "allows" : "forbids") << "\n"
                         << small::text_of(transactions));
      return;
    }
    for (const auto& [stronger, verdict] : verdicts) {
      for (const auto& [weaker, other] : verdicts) {
        if (!implies(stronger, weaker)) continue;
        CHECK_FALSE((verdict == Verdict::pass && other == Verdict::violation));
      }
    }
  }
  for (const auto& [model, counts] : passes_of) {
    MESSAGE(model << ": allowed " << counts.first << " of " << counts.second);
    CHECK(counts.first > counts.second / 25);
    CHECK(counts.second - counts.first > counts.second / 25);
  }
}

}  // namespace assay
