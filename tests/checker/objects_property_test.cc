// Every datatype but the register against the oracle, on very many small histories, and every
// certificate against the verifier. ASSAY_ROUNDS changes how many.

#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/linearizability/objects.h"
#include "object_oracle.h"

namespace assay {
namespace {

struct Tally {
  std::size_t passed = 0;
  std::size_t violated = 0;
  std::size_t undecided = 0;
};

std::string table_name(std::string_view datatype) {
  return datatype == "set-reads" ? "set" : std::string(datatype);
}

/// The certificate of one check, or what went wrong.
std::string examine(std::string_view datatype, const std::vector<oracle::Op>& ops, Tally& tally) {
  const History history = oracle::as_history(datatype, ops);
  if (history.size() == 0) return {};
  CheckOptions options;
  const auto make = object_checker_for(table_name(datatype), history, options, false);
  if (!make) return make.error().message;
  const auto checker = make.value()();
  auto outcome = checker->decide(0, SearchLimits{}, true);
  if (!outcome) return outcome.error().message;
  const SearchAnswer answer = outcome->search.answer;
  if (answer == SearchAnswer::undecided) {
    ++tally.undecided;
    return {};
  }
  const bool linearizable = oracle::is_linearizable(datatype, ops);
  if (linearizable != (answer == SearchAnswer::linearizable)) {
    return linearizable ? "found a violation where there is none" : "missed a violation";
  }
  Certificate certificate;
  certificate.model = "linearizable";
  certificate.datatype = table_name(datatype);
  certificate.history_digest = history.digest();
  certificate.initial = history.info().initial;
  if (linearizable) {
    ++tally.passed;
    certificate.verdict = "pass";
    certificate.orders.push_back({std::nullopt, outcome->order, outcome->completions});
  } else {
    ++tally.violated;
    certificate.verdict = "violation";
    const auto explained = checker->explain(0, *outcome, SearchLimits{});
    if (explained.anomaly.explanation.empty()) return "no explanation";
    if (explained.witness.operations.empty()) return "no witness";
    certificate.witnesses.push_back(explained.witness);
  }
  const auto status = verify(history, certificate);
  return status ? std::string() : status.error().message;
}

void examine_many(std::string_view datatype) {
  const char* asked = std::getenv("ASSAY_ROUNDS");
  const std::uint64_t rounds = asked == nullptr ? 1'000'000 : std::strtoull(asked, nullptr, 10);
  Tally tally;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    Random random(seed);
    const auto choices = oracle::random_choices(random);
    const auto ops = oracle::random_ops(datatype, random, choices);
    const std::string problem = examine(datatype, ops, tally);
    if (problem.empty()) continue;
    INFO("seed " << seed << ": " << oracle::to_text(datatype, ops));
    FAIL(problem);
  }
  MESSAGE(std::string(datatype) << ": " << tally.passed << " passed, " << tally.violated
                                << " violated, " << tally.undecided << " undecided");
  CHECK(tally.passed > rounds / 20);
  CHECK(tally.violated > rounds / 20);
  CHECK(tally.undecided < rounds / 4);
}

}  // namespace

TEST_CASE("fifo-queue: agrees with the oracle") { examine_many("fifo-queue"); }
TEST_CASE("bag: agrees with the oracle") { examine_many("queue"); }
TEST_CASE("stack: agrees with the oracle") { examine_many("stack"); }
TEST_CASE("priority-queue: agrees with the oracle") { examine_many("priority-queue"); }
TEST_CASE("set: agrees with the oracle") { examine_many("set"); }
TEST_CASE("set-reads: agrees with the oracle") { examine_many("set-reads"); }
TEST_CASE("counter: agrees with the oracle") { examine_many("counter"); }
TEST_CASE("mutex: agrees with the oracle") { examine_many("mutex"); }
TEST_CASE("semaphore: agrees with the oracle") { examine_many("semaphore"); }
TEST_CASE("owned: agrees with the oracle") { examine_many("owned-mutex"); }
TEST_CASE("fenced-lock: agrees with the oracle") { examine_many("fenced-lock"); }
TEST_CASE("log: agrees with the oracle") { examine_many("log"); }

}  // namespace assay
