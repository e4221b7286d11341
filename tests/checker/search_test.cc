// The two searches against the oracle, on small inputs: all of them up to a bound, and many random
// ones. ASSAY_DEPTH=dense tries far more of them, ASSAY_DEPTH=exhaustive all.

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "brute_force.h"
#include "checker/linearizability/portfolio.h"
#include "checker/linearizability/register_frontier.h"
#include "checker/linearizability/register_search.h"
#include "checker/linearizability/stale_read.h"
#include "checker/linearizability/witness.h"
#include "checker/linearizability/zones.h"
#include "small_histories.h"

namespace assay {
namespace {

constexpr std::size_t value_count = 16;

std::string to_text(const std::vector<RegisterCall>& calls) {
  std::string text;
  for (const auto& call : calls) {
    text += "[" + std::to_string(call.start) + "," +
            (call.pending() ? "?" : std::to_string(call.end)) + "] ";
    if (call.op.function == RegisterFunction::read) text += "r";
    if (call.op.function == RegisterFunction::write) text += "w";
    if (call.op.function == RegisterFunction::cas) {
      text += "c" + std::to_string(call.op.expected) + ">";
    }
    text += std::to_string(call.op.value) + "; ";
  }
  return text;
}

/// What the searches that do not count every pending call may and may not say.
std::string economies_disagree(const std::vector<RegisterCall>& calls, const Schedule& schedule,
                               bool expected) {
  const std::size_t classes = schedule.classes.size();
  const auto search = [&](bool counted, bool endless) {
    return search_register_frontier(calls, value_count, schedule, SearchLimits{},
                                    {std::vector<bool>(classes, counted), endless}, true);
  };
  const auto exact = search(true, false);
  const auto wanted = expected ? SearchAnswer::linearizable : SearchAnswer::not_linearizable;
  if (exact.result.answer != wanted || !exact.exact) return "the answer if all is counted";
  const auto frugal = search(false, false);
  if (frugal.result.answer != wanted && (!expected || frugal.exact)) {
    return "the answer if nothing is counted";
  }
  if (frugal.result.answer == SearchAnswer::linearizable &&
      !oracle::explains(calls, frugal.result.order)) {
    return "the order if nothing is counted";
  }
  const auto endless = search(false, true);
  if (expected && endless.result.answer != SearchAnswer::linearizable) {
    return "the answer if nothing runs out";
  }
  return {};
}

/// Everything that must hold of the searches on these calls. Empty if it does.
std::string disagreement(const std::vector<RegisterCall>& given, bool witnesses) {
  const bool expected = oracle::is_linearizable(given);
  const auto calls = searchable(given);
  const SearchLimits limits;
  const auto frontier = search_register(calls, value_count, limits, true);
  const auto wanted = expected ? SearchAnswer::linearizable : SearchAnswer::not_linearizable;
  if (frontier.answer != wanted) return "the frontier's answer";
  if (expected && !oracle::explains(calls, frontier.order)) return "the frontier's order";
  if (const auto stale = find_stale_observer(calls, value_count)) {
    if (expected) return "a stale read that is none";
    SearchResult shown;
    shown.suspects = *stale;
    const auto witness = find_witness(calls, value_count, shown, limits);
    if (!oracle::is_minimal_witness(calls, witness.calls)) return "the stale read's witness";
  }
  const RegisterModel model(calls, value_count);
  const Schedule schedule = make_schedule(model, std::span<const RegisterCall>(calls));
  if (!schedule.classes.empty()) {
    const std::string what = economies_disagree(calls, schedule, expected);
    if (!what.empty()) return what;
  }
  if (schedule.counter_words <= 1) {
    Descent<RegisterModel, 1> search(model, calls, schedule, limits);
    const auto descent = search.run(overwrites_of<RegisterModel>(calls), true);
    if (descent.answer != wanted) return "the descent's answer";
    if (expected && !oracle::explains(calls, descent.order)) return "the descent's order";
  }
  if (!expected && witnesses) {
    const auto witness = find_witness(calls, value_count, frontier, limits);
    if (!witness.minimal || !oracle::is_minimal_witness(calls, witness.calls)) {
      return "the frontier's witness";
    }
  }
  if (!has_unique_writers(calls, value_count)) return {};
  const auto zones = check_zones(calls, value_count, true);
  if (zones.answer != wanted) return "the zones' answer";
  if (expected && !oracle::explains(calls, zones.order)) return "the zones' order";
  if (!expected && witnesses) {
    const auto witness = find_witness(calls, value_count, zones, limits);
    if (!witness.minimal || !oracle::is_minimal_witness(calls, witness.calls)) {
      return "the zones' witness";
    }
  }
  return {};
}

void require_agreement(const std::vector<RegisterCall>& calls, bool witnesses) {
  const std::string what = disagreement(calls, witnesses);
  if (what.empty()) return;
  INFO(to_text(calls));
  FAIL(what);
}

RegisterOp read(std::uint32_t v) { return {v, 0, RegisterFunction::read}; }
RegisterOp write(std::uint32_t v) { return {v, 0, RegisterFunction::write}; }
RegisterOp cas(std::uint32_t u, std::uint32_t v) { return {v, u, RegisterFunction::cas}; }

/// An operation and whether it returns.
struct Kind {
  RegisterOp op;
  bool pending = false;
};

std::vector<Kind> every_kind(std::uint32_t values) {
  std::vector<Kind> kinds;
  for (std::uint32_t v = 0; v < values; ++v) {
    kinds.push_back({read(v)});
    for (const bool pending : {false, true}) {
      kinds.push_back({write(v), pending});
      for (std::uint32_t u = 0; u < values; ++u) kinds.push_back({cas(u, v), pending});
    }
  }
  return kinds;
}

/// All histories of n operations of these kinds; of each `stride`, one.
std::size_t try_all(std::size_t n, const std::vector<Kind>& kinds, std::size_t stride) {
  std::size_t tried = 0;
  std::size_t counter = 0;
  for (const Shape& shape : all_shapes(n)) {
    std::vector<std::size_t> choice(n, 0);
    for (bool more = true; more;) {
      if (counter++ % stride == 0) {
        std::vector<RegisterCall> calls(n);
        for (std::size_t i = 0; i < n; ++i) {
          const Kind& kind = kinds[choice[i]];
          calls[i] = {shape.start[i], kind.pending ? never : shape.end[i], i, kind.op};
        }
        require_agreement(calls, tried++ % 4 == 0);
      }
      std::size_t digit = 0;
      while (digit < n && ++choice[digit] == kinds.size()) choice[digit++] = 0;
      more = digit < n;
    }
  }
  return tried;
}

/// How many of the possible histories are tried: a sample in the fast test (sanitizers are slow),
/// far more in the property test, all of them by hand.
enum class Depth : std::uint8_t { sample, dense, exhaustive };

Depth depth() {
  const char* asked = std::getenv("ASSAY_DEPTH");
  const std::string text = asked == nullptr ? "" : asked;
  return text == "exhaustive" ? Depth::exhaustive : text == "dense" ? Depth::dense : Depth::sample;
}

/// Every so many histories.
std::size_t every(std::size_t sample, std::size_t dense, std::size_t exhaustive = 1) {
  return depth() == Depth::exhaustive ? exhaustive : depth() == Depth::dense ? dense : sample;
}

}  // namespace

TEST_CASE("shapes: all interval orders of n operations, each once") {
  CHECK(all_shapes(1).size() == 1);
  CHECK(all_shapes(2).size() == 2);
  CHECK(all_shapes(3).size() == 5);
  CHECK(all_shapes(4).size() == 15);
  CHECK(all_shapes(5).size() == 53);
  CHECK(all_shapes(6).size() == 217);
}

TEST_CASE("searches: agree with the oracle on every history of up to 3 operations, 3 values") {
  try_all(1, every_kind(3), 1);
  try_all(2, every_kind(3), 1);
  CHECK(try_all(3, every_kind(2), 1) == 5 * 14 * 14 * 14);
  try_all(3, every_kind(3), every(13, 1));
}

TEST_CASE("searches: agree with the oracle on every history of 4 operations, 2 values") {
  try_all(4, every_kind(2), every(101, 1));
  try_all(4, every_kind(3), every(1009, 97));
}

TEST_CASE("searches: agree with the oracle on histories of 5 and 6 operations") {
  const std::vector<Kind> plain{{read(0)}, {read(1)}, {read(2)}, {write(1)}, {write(2)}};
  const std::vector<Kind> mixed{{read(0)},        {read(1)},         {read(2)},        {write(1)},
                                {write(2)},       {cas(0, 1)},       {cas(1, 2)},      {cas(2, 1)},
                                {write(2), true}, {cas(1, 2), true}, {cas(0, 2), true}};
  try_all(5, plain, every(53, 3));
  try_all(5, mixed, every(2003, 211));
  try_all(6, plain, every(997, 61));
  try_all(6, mixed, every(99'991, 9973, 101));
}

TEST_CASE("searches: agree with the oracle on random histories") {
  const std::size_t rounds = 200'000 / every(100, 33);
  for (std::uint64_t seed = 0; seed < rounds; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    RandomCalls options;
    options.count = 3 + random.below(7);
    options.values = 2 + static_cast<std::uint32_t>(random.below(4));
    options.cas = random.chance(0.3) ? 0 : 0.4;
    options.pending = random.chance(0.3) ? 0 : 0.25;
    options.wrong = random.chance(0.5) ? 0 : 0.3;
    options.length = random.between(0, 8);
    options.unique = random.chance(0.5);
    require_agreement(random_calls(random, options), seed % 2 == 0);
  }
}

TEST_CASE("searches: zones and frontier agree on longer histories, and their orders hold") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    RandomCalls options;
    options.count = 20 + random.below(180);
    options.cas = random.chance(0.5) ? 0 : 0.3;
    options.pending = random.chance(0.5) ? 0 : 0.05;
    options.wrong = random.chance(0.7) ? 0 : 0.01;
    options.length = random.between(0, 12);
    options.unique = true;
    const auto calls = searchable(random_calls(random, options));
    const std::size_t values = calls.size() + 300;
    REQUIRE(has_unique_writers(calls, values));
    const auto zones = check_zones(calls, values, true);
    const auto frontier = search_register(calls, values, SearchLimits{}, true);
    REQUIRE(zones.answer == frontier.answer);
    if (zones.answer != SearchAnswer::linearizable) continue;
    CHECK(oracle::explains(calls, zones.order));
    CHECK(oracle::explains(calls, frontier.order));
  }
}

}  // namespace assay
