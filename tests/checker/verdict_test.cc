// check() end to end: verdicts against the oracle, certificates against the verifier, and what must
// not change a verdict.

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "brute_force.h"
#include "checker/certificate/verify.h"
#include "checker/checker.h"
#include "small_histories.h"
#include "tests/rounds.h"

namespace assay {
namespace {

const std::uint64_t rounds = rounds_or(3'000);  ///< random histories of one key

struct Verdicts {
  Verdict verdict = Verdict::unknown;
  std::string problem;  ///< empty if everything that must hold does
};

/// Does the witness fail even if nothing is known of its timing but what matters?
bool timing_suffices(const Anomaly& anomaly, const std::vector<RegisterCall>& all,
                     const std::vector<std::uint32_t>& witness,
                     const std::vector<std::uint64_t>& event_of) {
  std::vector<bool> chosen(all.size(), false);
  for (const std::uint32_t i : witness) chosen[i] = true;
  const auto position = [&](std::uint64_t event) {
    return static_cast<std::size_t>(
        std::find_if(witness.begin(), witness.end(),
                     [&](std::uint32_t i) { return event_of[i] == event; }) -
        witness.begin());
  };
  std::vector<std::pair<std::size_t, std::size_t>> pairs;
  for (const EssentialTiming& timing : anomaly.timing) {
    pairs.emplace_back(position(timing.before), position(timing.after));
  }
  std::vector<bool> placed(witness.size(), false);
  return !oracle::can_keep(oracle::standing_alone(all, chosen), pairs, placed, 0);
}

/// Checks the history and everything that the result promises.
Verdicts check_thoroughly(const std::vector<std::vector<RegisterCall>>& keys, bool keyed) {
  std::vector<std::vector<std::uint64_t>> event_of;
  const History history = as_history(keys, keyed, &event_of);
  CheckOptions options;
  options.threads = 1;
  const auto result = check(history, options);
  if (!result) return {Verdict::unknown, result.error().message};
  const CheckResult& found = result.value();
  bool linearizable = true;
  for (const auto& calls : keys) linearizable = linearizable && oracle::is_linearizable(calls);
  if (history.size() == 0) return {found.verdict, found.verdict == Verdict::unknown ? "" : "empty"};
  const Verdict wanted = linearizable ? Verdict::pass : Verdict::violation;
  if (found.verdict != wanted) return {found.verdict, "the verdict"};
  const auto parsed = certificate_from_json(to_json(found.certificate));
  if (!parsed) return {found.verdict, parsed.error().message};
  if (const auto status = verify(history, parsed.value()); !status) {
    return {found.verdict, status.error().message};
  }
  for (const Anomaly& anomaly : found.anomalies) {
    std::size_t key = 0;
    if (keyed) key = static_cast<std::size_t>(*anomaly.key->get_if<std::int64_t>());
    std::vector<std::uint32_t> witness;
    for (std::uint32_t i = 0; i < keys[key].size(); ++i) {
      if (std::count(anomaly.witness.begin(), anomaly.witness.end(), event_of[key][i]) != 0) {
        witness.push_back(i);
      }
    }
    if (!anomaly.minimal || !oracle::is_minimal_witness(keys[key], witness)) {
      return {found.verdict, "the witness is not minimal"};
    }
    if (anomaly.explanation.empty()) return {found.verdict, "no explanation"};
    if (!timing_suffices(anomaly, keys[key], witness, event_of[key])) {
      return {found.verdict, "the timing that is said to matter does not suffice"};
    }
    for (std::size_t i = 0; i < anomaly.steps.size(); ++i) {
      const Step& step = anomaly.steps[i];
      if (step.after != anomaly.steps[(i + 1) % anomaly.steps.size()].before) {
        return {found.verdict, "the steps are no cycle"};
      }
    }
  }
  return {found.verdict, {}};
}

RandomCalls random_options(Random& random) {
  RandomCalls options;
  options.count = 2 + random.below(7);
  options.values = 2 + static_cast<std::uint32_t>(random.below(4));
  options.cas = random.chance(0.3) ? 0 : 0.4;
  options.pending = random.chance(0.3) ? 0 : 0.25;
  options.wrong = random.chance(0.5) ? 0 : 0.3;
  options.length = random.between(0, 8);
  options.unique = random.chance(0.5);
  return options;
}

std::string rendered(const CheckResult& result) {
  std::string text = std::string(name_of(result.verdict)) + to_json(result.certificate);
  for (const Anomaly& anomaly : result.anomalies) {
    text += anomaly.explanation;
    for (const auto event : anomaly.witness) text += std::to_string(event) + ",";
    for (const Step& step : anomaly.steps) text += step.because;
  }
  return text;
}

}  // namespace

TEST_CASE("check: verdict, certificate and witness hold on random histories of one key") {
  std::uint64_t violations = 0;
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const auto outcome = check_thoroughly({random_calls(random, random_options(random))}, false);
    REQUIRE(outcome.problem == "");
    if (outcome.verdict == Verdict::violation) ++violations;
  }
  CHECK(violations > rounds / 10);
}

TEST_CASE("check: verdict, certificate and witness hold on random histories of several keys") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::vector<std::vector<RegisterCall>> keys;
    for (int k = 0; k < 4; ++k) {
      keys.push_back(random_calls(random, random_options(random)));
      if (keys.back().empty()) keys.pop_back();
    }
    REQUIRE(check_thoroughly(keys, true).problem == "");
  }
}

TEST_CASE("check: swapping the results of two reads is noticed exactly when it matters") {
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    RandomCalls options = random_options(random);
    options.wrong = 0;
    auto calls = random_calls(random, options);
    std::vector<std::size_t> reads;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      if (!calls[i].op.mutates()) reads.push_back(i);
    }
    if (reads.size() < 2) continue;
    std::swap(calls[random.pick(reads)].op, calls[random.pick(reads)].op);
    REQUIRE(check_thoroughly({calls}, false).problem == "");
  }
}

TEST_CASE("check: the result does not depend on the number of threads") {
  Random random(11);
  std::vector<std::vector<RegisterCall>> keys;
  for (int k = 0; k < 60; ++k) {
    RandomCalls options = random_options(random);
    options.count = 30;
    options.wrong = k % 3 == 0 ? 0.1 : 0;
    keys.push_back(random_calls(random, options));
  }
  const History history = as_history(keys, true);
  CheckOptions options;
  options.threads = 1;
  const auto alone = check(history, options);
  REQUIRE(alone.ok());
  CHECK(alone.value().verdict == Verdict::violation);
  for (const int threads : {2, 3, 8}) {
    options.threads = threads;
    const auto together = check(history, options);
    REQUIRE(together.ok());
    CHECK(rendered(together.value()) == rendered(alone.value()));
  }
}

TEST_CASE("check: renaming values and keys one to one changes no verdict") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    auto calls = random_calls(random, random_options(random));
    if (calls.empty()) continue;
    const auto before = check(as_history({calls}, false), CheckOptions{});
    for (auto& call : calls) {
      const auto rename = [](std::uint32_t v) { return v == 0 ? 0 : 1'000'003 * v; };
      call.op.value = rename(call.op.value);
      call.op.expected = rename(call.op.expected);
    }
    const auto after = check(as_history({calls}, true), CheckOptions{});
    REQUIRE(before.ok());
    REQUIRE(after.ok());
    CHECK(before.value().verdict == after.value().verdict);
  }
}

TEST_CASE("check: at most max_anomalies anomalies, of the first keys") {
  const RegisterCall bad{0, 1, 0, {5, 0, RegisterFunction::read}};
  const History history = as_history({{bad}, {bad}, {bad}, {bad}, {bad}}, true);
  CheckOptions options;
  options.max_anomalies = 3;
  const auto result = check(history, options);
  REQUIRE(result.ok());
  REQUIRE(result.value().anomalies.size() == 3);
  CHECK(*result.value().anomalies[2].key == Value(2));
}

TEST_CASE("check: a time limit gives unknown, with a reason") {
  Random random(3);
  RandomCalls options;
  options.count = 5'000;
  const History history = as_history({random_calls(random, options)}, false);
  CheckOptions limited;
  limited.timeout = Nanos(0);
  const auto result = check(history, limited);
  REQUIRE(result.ok());
  CHECK(result.value().verdict == Verdict::unknown);
  CHECK(result.value().unknown_because.find("time ran out") != std::string::npos);
  CHECK(result.value().certificate.empty());
}

TEST_CASE("check: a memory limit gives unknown, with a reason") {
  Random random(3);
  RandomCalls options;
  options.count = 5'000;
  for (const bool unique : {false, true}) {
    options.unique = unique;
    const History history = as_history({random_calls(random, options)}, false);
    CheckOptions limited;
    limited.memory_bytes = 1'000;
    for (const bool certificate : {false, true}) {
      limited.certificate = certificate;
      const auto result = check(history, limited);
      REQUIRE(result.ok());
      CHECK(result.value().verdict == Verdict::unknown);
      CHECK(result.value().unknown_because.find("memory limit") != std::string::npos);
    }
  }
}

TEST_CASE("check: the timing that a witness of any datatype rests on") {
  HistoryInfo info;
  info.datatype = "fifo-queue";
  HistoryBuilder builder(std::move(info));
  // 1 and 2 are enqueued one after the other; 2 is dequeued while 1 waits.
  std::uint64_t index = 0;
  const auto operation = [&](std::int32_t process, const char* f, const Value& value) {
    Event event;
    event.index = index++;
    event.process = static_cast<ProcessId>(process);
    event.f = f;
    if (event.f == "enqueue") event.value = value;
    REQUIRE(builder.add(event).ok());
    event.index = index++;
    event.type = EventType::ok;
    event.value = value;
    REQUIRE(builder.add(event).ok());
  };
  operation(0, "enqueue", Value(1));
  operation(1, "enqueue", Value(2));
  operation(2, "dequeue", Value(2));
  operation(3, "dequeue", Value(1));
  const auto history = builder.finish();
  REQUIRE(history.ok());
  const auto result = check(history.value(), CheckOptions{});
  REQUIRE(result.ok());
  REQUIRE(result->anomalies.size() == 1);
  const auto& timing = result->anomalies[0].timing;
  REQUIRE(!timing.empty());
  CHECK(timing[0].before == 0);
  CHECK(timing[0].after == 2);
}

TEST_CASE("check: a history without operations is unknown, not pass") {
  const auto empty = check(as_history({{}}, false), CheckOptions{});
  REQUIRE(empty.ok());
  CHECK(empty.value().verdict == Verdict::unknown);
  CHECK(empty.value().unknown_because == "the history has no operations");
}

TEST_CASE("check: unknown models and datatypes are usage errors that name what there is") {
  const History history = as_history({{{0, 1, 0, {0, 0, RegisterFunction::read}}}}, false);
  CheckOptions options;
  options.models = {"causality"};
  auto result = check(history, options);
  REQUIRE(!result.ok());
  CHECK(result.error().kind == ErrorKind::usage);
  CHECK(result.error().message.find("linearizable") != std::string::npos);
  options = {};
  options.datatype = "registry";
  result = check(history, options);
  REQUIRE(!result.ok());
  CHECK(result.error().kind == ErrorKind::usage);
  CHECK(result.error().message.find("register") != std::string::npos);
}

}  // namespace assay
