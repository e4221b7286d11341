// Weak isolation levels against their definitions, on very many small random histories.

#include <doctest/doctest.h>

#include <string>

#include "checker/transactions/transactions.h"
#include "checker/transactions/weak/weak.h"
#include "session_histories.h"
#include "weak_oracle.h"

namespace assay {
namespace {

Verdict verdict_of(const SmallTxns& txns, const std::string& datatype, const std::string& model) {
  const History history = as_history(txns, datatype);
  const auto transactions = read_transactions(history, datatype);
  REQUIRE(transactions.ok());
  CheckOptions options;
  options.threads = 1;
  const LevelOutcome outcome = check_weak(transactions.value(), model, options);
  CHECK((outcome.verdict == Verdict::violation) == !outcome.anomalies.empty());
  return outcome.verdict;
}

void compare(const std::string& model, const std::string& datatype, RandomTxns options,
             std::uint64_t seed, int rounds) {
  Random random(seed);
  int passes = 0;
  int unknowns = 0;
  options.lists = datatype == "list-append";
  for (int round = 0; round < rounds; ++round) {
    options.txns = static_cast<int>(random.between(2, 4));
    const SmallTxns txns = random_txns(random, options);
    const Verdict verdict = verdict_of(txns, datatype, model);
    if (verdict == Verdict::unknown) {
      ++unknowns;
      continue;
    }
    const bool expected = oracle::satisfies(txns, model);
    passes += expected ? 1 : 0;
    if ((verdict == Verdict::pass) != expected) {
      FAIL(model << " " << datatype << " seed " << seed << " round " << round << ": expected "
                 << expected << "\n"
                 << to_text(txns));
    }
  }
  MESSAGE(model << " " << datatype << ": " << passes << " of " << rounds << " pass, " << unknowns
                << " unknown");
  CHECK(passes > rounds / 20);
  CHECK(passes < rounds - rounds / 20);
  CHECK((options.repeat > 0 || unknowns == 0));
}

}  // namespace

TEST_CASE("weak levels of registers agree with their definitions") {
  for (const char* model :
       {"read-committed-be", "monotonic-atomic-view", "read-atomic", "transactional-causal"}) {
    compare(model, "rw-register", {}, 1, 200'000);
  }
}

TEST_CASE("weak levels of registers with repeated values never contradict their definitions") {
  RandomTxns options;
  options.repeat = 0.3;
  for (const char* model :
       {"read-committed-be", "monotonic-atomic-view", "read-atomic", "transactional-causal"}) {
    compare(model, "rw-register", options, 2, 50'000);
  }
}

TEST_CASE("weak levels of lists agree with visibility and arbitration") {
  for (const char* model : {"read-atomic", "transactional-causal"}) {
    compare(model, "list-append", {}, 3, 200'000);
  }
}

}  // namespace assay
