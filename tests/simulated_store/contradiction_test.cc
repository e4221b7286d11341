// The lattice never contradicts itself: on small random histories, right and wrong ones, no model
// passes while one that it implies is violated, whether each is asked for alone or all together;
// and every certificate holds. ASSAY_ROUNDS (of the environment) histories.

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "checker/lattice.h"
#include "tests/rounds.h"
#include "tests/simulated_store/store.h"

namespace assay::simulated {
namespace {

std::uint64_t histories() { return rounds_or(40); }

/// Another value in place of what a read returned: a smaller register value, a shorter list, two
/// elements the other way round.
bool spoil(Value& read, Random& random) {
  if (auto* list = read.get_if<Value::List>()) {
    if (list->empty()) return false;
    if (list->size() > 1 && random.chance(0.3)) {
      std::swap((*list)[0], list->back());
    } else {
      list->pop_back();
    }
    return true;
  }
  const auto* number = read.get_if<std::int64_t>();
  if (number == nullptr) return false;
  const std::int64_t other = *number - random.between(1, 3);
  read = other < 1 ? Value() : Value(other);
  return true;
}

History spoiled(const History& history, Random& random) {
  HistoryBuilder builder(history.info());
  bool done = false;
  for (Event event : history.events()) {
    auto* steps = event.type == EventType::ok ? event.value.get_if<Value::List>() : nullptr;
    if (steps != nullptr && !done && random.chance(0.3)) {
      for (Value& step : *steps) {
        auto& parts = *step.get_if<Value::List>();
        if (parts[0] == Value("r") && !done) done = spoil(parts[2], random);
      }
    }
    REQUIRE(builder.add(event).ok());
  }
  auto result = builder.finish();
  REQUIRE(result.ok());
  return std::move(result).value();
}

CheckResult verdict_of(const History& history, const std::string& model) {
  CheckOptions options;
  options.models = {model};
  options.threads = 1;
  auto result = check(history, options);
  REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().message));
  if (!result->certificate.empty()) {
    const Status holds = verify(history, result->certificate);
    CHECK_MESSAGE(holds.ok(), model << ": " << (holds.ok() ? "" : holds.error().message));
  }
  return std::move(result).value();
}

void check_history(const History& history) {
  INFO(text_of(history));
  const CheckResult all = verdict_of(history, "strongest");
  std::vector<ModelVerdict> alone;
  for (const ModelVerdict& each : all.models) {
    CHECK_MESSAGE(each.unknown_because.find("bug of the checker") == std::string::npos,
                  each.unknown_because);
    alone.push_back(verdict_of(history, each.model).models.at(0));
    CAPTURE(each.model);
    // Together nothing is decided otherwise than alone, but perhaps more.
    if (alone.back().verdict != Verdict::unknown) CHECK(each.verdict == alone.back().verdict);
  }
  for (const ModelVerdict& stronger : alone) {
    if (stronger.verdict != Verdict::pass) continue;
    for (const ModelVerdict& weaker : alone) {
      if (!implies_for(all.datatype, stronger.model, weaker.model)) continue;
      CAPTURE(stronger.model);
      CAPTURE(weaker.model);
      CHECK(weaker.verdict != Verdict::violation);
    }
  }
  for (const ModelVerdict& each : all.models) {
    if (each.verdict != Verdict::violation) continue;
    CAPTURE(each.model);
    CHECK((each.anomaly.has_value() || !each.implied_by.empty()));
  }
}

Run random_run(Random& random) {
  constexpr std::array levels{
      Level::read_uncommitted, Level::read_committed,       Level::monotonic_atomic_view,
      Level::prefix,           Level::snapshot_isolation,   Level::strong_snapshot_isolation,
      Level::serializable,     Level::strict_serializable,  Level::read_committed_be,
      Level::read_atomic,      Level::transactional_causal, Level::parallel_snapshot_isolation};
  Run run{random.pick(levels), random.chance(0.5) ? Data::lists : Data::registers};
  const bool last_writer_wins =
      run.level >= Level::read_committed_be && run.level != Level::parallel_snapshot_isolation;
  // These keep no order of appends.
  if (last_writer_wins) run.data = Data::registers;
  run.clients = static_cast<int>(random.between(2, 4));
  run.keys = static_cast<int>(random.between(1, 3));
  run.transactions = static_cast<int>(random.between(3, 7));
  run.steps_max = 3;
  return run;
}

}  // namespace

TEST_CASE("lattice: no verdicts contradict each other") {
  for (std::uint64_t seed = 0; seed < histories(); ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Run run = random_run(random);
    const History history = simulate(run, seed);
    CAPTURE(static_cast<int>(run.level));
    CAPTURE(history.info().datatype);
    check_history(random.chance(0.5) ? spoiled(history, random) : simulate(run, seed));
  }
}

}  // namespace assay::simulated
