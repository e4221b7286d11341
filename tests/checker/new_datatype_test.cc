// A datatype made as docs/adding-a-datatype.md says, from its specification alone: it is decided,
// as the definition decides it, and its violations are explained.

#include <doctest/doctest.h>

#include <vector>

#include "checker/linearizability/model_checker.h"
#include "max_register.h"
#include "models_oracle.h"

namespace assay {
namespace {

struct Case {
  History history;
  bool linearizable;
};

Case random_case(Random& random) {
  const std::size_t count = 2 + random.below(5);
  const auto times = oracle::random_times(random, count);
  std::vector<oracle::Timed<MaxOp>> calls;
  std::int64_t state = 0;
  for (std::size_t i = 0; i < count; ++i) {
    MaxOp op{random.chance(0.5), random.between(0, 3)};
    if (op.is_read && random.chance(0.8)) op.value = state;
    if (!op.is_read) state = std::max(state, op.value);
    calls.push_back({times[i].start, times[i].end, random.chance(0.15), op});
  }
  std::vector<oracle::TimedEvent> events;
  for (std::size_t i = 0; i < count; ++i) {
    const MaxOp& op = calls[i].op;
    oracle::add_operation(events, i, times[i], op.is_read ? "read" : "put-max",
                          op.is_read ? Value() : Value(op.value), Value(op.value),
                          calls[i].pending ? EventType::info : EventType::ok);
  }
  const auto apply = [](const MaxOp& op, bool pending, std::int64_t& value) {
    if (!op.is_read) value = std::max(value, op.value);
    return !op.is_read || pending || value == op.value;
  };
  return {oracle::as_history(std::move(events), "max-register", Value()),
          oracle::some_order(calls, 0, std::int64_t{0}, apply)};
}

}  // namespace

TEST_CASE("a new datatype: its specification is all that the check of linearizability needs") {
  std::size_t legal = 0;
  constexpr std::size_t rounds = 2'000;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Case given = random_case(random);
    ModelChecker<MaxRegisterModel> checker(given.history,
                                           [&] { return MaxRegisterModel(given.history); });
    const auto outcome = checker.decide(0, SearchLimits{}, true);
    REQUIRE(outcome.ok());
    REQUIRE((outcome->search.answer == SearchAnswer::linearizable) == given.linearizable);
    if (given.linearizable) {
      ++legal;
      continue;
    }
    const ExplainedAnomaly explained = checker.explain(0, *outcome, SearchLimits{});
    CHECK(explained.anomaly.minimal);
    CHECK(!explained.anomaly.witness.empty());
    CHECK(!explained.anomaly.explanation.empty());
  }
  CHECK(legal > rounds / 5);
  CHECK(legal < rounds * 9 / 10);
}

}  // namespace assay
