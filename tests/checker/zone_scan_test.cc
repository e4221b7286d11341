// The zone scan says the same however its operations are shared out, and what check() says by the
// test that makes certificates.
#include "checker/linearizability/zone_scan.h"

#include <doctest/doctest.h>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "checker/checker.h"
#include "tests/checker/small_histories.h"

namespace assay {
namespace {

std::vector<ScanAnswer> answers_of(const History& history, std::size_t operations_a_part) {
  std::vector<ScanAnswer> answers;
  tbb::task_arena(4).execute([&] {
    ZoneScan scan(history, operations_a_part);
    for (KeyId key = 0; key < history.key_count(); ++key) {
      answers.push_back(scan.decide(key, SearchLimits{}));
    }
  });
  return answers;
}

}  // namespace

TEST_CASE("zone scan: in one part or in several") {
  // More threads than this machine may have cores.
  const tbb::global_control allowed(tbb::global_control::max_allowed_parallelism, 4);
  Random random(11);
  int passes = 0;
  int others = 0;
  for (int round = 0; round < 3'000; ++round) {
    RandomCalls options;
    options.cas = 0;
    options.unique = true;
    options.wrong = random.chance(0.5) ? 0 : 0.1;
    std::vector<std::vector<RegisterCall>> keys(static_cast<std::size_t>(random.between(1, 3)));
    for (auto& calls : keys) {
      options.count = static_cast<std::size_t>(random.between(1, 24));
      calls = random_calls(random, options);
    }
    const History history = as_history(keys, true);
    if (history.size() == 0) continue;  // of which nothing is known
    const auto whole = answers_of(history, ZoneScan::least_part);
    CHECK(answers_of(history, 6) == whole);
    CHECK(answers_of(history, 2) == whole);
    CheckOptions checking;
    checking.datatype = "register";
    checking.threads = 1;
    const auto result = check(history, checking);
    REQUIRE(result.ok());
    const bool pass = std::all_of(whole.begin(), whole.end(), [](ScanAnswer answer) {
      return answer == ScanAnswer::linearizable;
    });
    CHECK(pass == (result->verdict == Verdict::pass));
    ++(pass ? passes : others);
  }
  CHECK(passes > 500);
  CHECK(others > 500);
}

}  // namespace assay
